"""Convert text and times of other tools to what the records allow: limited length, printable, the same in every run."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.limits import MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS, Name
from perfgate.results.records import Refusal, as_utc
from perfgate.results.result_file import translate_error

NO_COMMIT = "0" * 40
"""Sha for a result without a commit (measured outside git). It is git's null id."""

_SHA = re.compile(r"[0-9a-f]{7,64}\Z")
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]+")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def shortened(text: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return *text* without NUL and lone surrogates, cut to *limit* characters.

    A text that is cut ends with a hash of the whole, so that two long texts stay different.
    """
    if not text.isascii() or "\0" in text:
        text = _UNSTORABLE.sub("\ufffd", text)
    return _cut(text, limit)


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
    return f"{text[: limit - 20]}…#{digest}"


def name(text: str, *, path: str = "$", limit: int = MAX_NAME_CHARACTERS) -> str:
    """Return *text* as a name: at most *limit* characters, not empty, without memory addresses.

    Raises:
        InvalidResult: It contains what a name must not (control characters, active markup), at *path*. A retry cannot
            help.
    """
    try:
        return _checked_name(_cut(without_addresses(text), limit) or "(no name)")
    except msgspec.ValidationError as error:
        raise InvalidResult(translate_error(error, source="").reason, path=path) from error


@lru_cache(maxsize=4096)
def _checked_name(text: str) -> str:
    """Return *text* if the records accept it as a name; cached because results repeat the same names thousands of times."""
    return msgspec.convert(text, Name)


def refusal(where: str, error: InvalidResult) -> Refusal:
    """Return the refusal of the part at *where*, in which *error* names the offending field."""
    return Refusal(where=shortened(where + error.path[1:]), reason=shortened(error.reason))


def without_addresses(text: str) -> str:
    """Return *text* with the memory addresses of Python's reprs replaced, because they differ from run to run.

    >>> without_addresses("<object object at 0x7f47f1053b90>"), without_addresses("0xdeadbeef")
    ('<object object at 0x…>', '0xdeadbeef')
    """
    return _ADDRESS.sub("0x…", text) if " at 0x" in text else text


def as_text(value: object) -> str:
    """Return a decoded JSON value as text: a string unchanged, anything else as JSON."""
    if isinstance(value, str):
        return shortened(without_addresses(value))
    return shortened(without_addresses(msgspec.json.encode(value).decode()))


def printable(path: str) -> str:
    r"""Return a file name for messages and storage, without control characters and undecodable bytes.

    >>> printable("a\udcff\nb")
    'a\\udcff�b'
    """
    return shortened(_CONTROL.sub("\ufffd", path.encode("utf-8", "backslashreplace").decode()))


def time_of_milliseconds(milliseconds: float | None) -> datetime | None:
    """Return a JavaScript timestamp as a UTC time; None if it is absent or outside the calendar."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def time_of_iso(value: object) -> datetime | None:
    """Return an ISO 8601 time in UTC; None if it is not one. A time without a zone is UTC."""
    try:
        return as_utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (OverflowError, ValueError):
        return None


def is_sha(value: object) -> bool:
    """Return whether *value* can be a commit's id: 7 to 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and _SHA.match(value) is not None


def check_sha(value: str, *, path: str, source: str) -> None:
    """Check that *value* can be a commit's id.

    Raises:
        InvalidResult: It cannot; *path* and *source* say where it is. A retry cannot help.
    """
    if not is_sha(value):
        reason = f"a commit hash has 7 to 64 hexadecimal digits, got {shortened(value, 100)!r}"
        raise InvalidResult(reason, path=path, source=source)


def first_line(message: str) -> str:
    """Return the subject of a commit message."""
    return shortened(message.strip().partition("\n")[0].rstrip())
