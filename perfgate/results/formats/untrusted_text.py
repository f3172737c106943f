"""Bring foreign text within the limits of the records: length, printable, stable from run to run."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.records import MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS, Name, Refusal, utc
from perfgate.results.result_file import malformed

NO_COMMIT = "0" * 40
"""Stands for the commit of a result that names none (measured outside git); git's own null id."""

_SHA = re.compile(r"[0-9a-f]{7,64}\Z")
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]+")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def shortened(text: str, limit: int = MAX_TEXT_CHARACTERS) -> str:
    """Return *text* fit for storage: no NUL, no lone surrogate, at most *limit* characters.

    What is cut off still tells two texts apart by its hash.
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
    """Return *text* as the name of something: within *limit*, not empty, memory addresses taken out.

    Raises:
        InvalidResult: It holds what no name may (control characters, active markup); *path* says where it stood. A
            retry cannot help.
    """
    try:
        return _harmless(_cut(stable(text), limit) or "(no name)")
    except msgspec.ValidationError as error:
        raise InvalidResult(malformed(error, source="").reason, path=path) from error


@lru_cache(maxsize=4096)
def _harmless(text: str) -> str:
    """Check a name against the records' rule; results name the same benchmarks thousands of times."""
    return msgspec.convert(text, Name)


def refusal(where: str, error: InvalidResult) -> Refusal:
    """Return the refusal of the part at *where*, of which *error* knows the offending field."""
    return Refusal(where=shortened(where + error.path[1:]), reason=shortened(error.reason))


def stable(text: str) -> str:
    """Replace the memory addresses in Python's reprs: they differ from run to run and would make new benchmarks.

    >>> stable("<object object at 0x7f47f1053b90>"), stable("0xdeadbeef")
    ('<object object at 0x…>', '0xdeadbeef')
    """
    return _ADDRESS.sub("0x…", text) if " at 0x" in text else text


def as_text(value: object) -> str:
    """Return a foreign JSON value as text: a string as it is, anything else as JSON."""
    if isinstance(value, str):
        return shortened(stable(value))
    return shortened(stable(msgspec.json.encode(value).decode()))


def printable(path: str) -> str:
    r"""Return a file's name fit for messages and storage, whatever bytes the file system had.

    >>> printable("a\udcff\nb")
    'a\\udcff�b'
    """
    return shortened(_CONTROL.sub("\ufffd", path.encode("utf-8", "backslashreplace").decode()))


def moment(milliseconds: float | None) -> datetime | None:
    """Return a JavaScript time stamp as a UTC time; None if absent or outside the calendar."""
    if milliseconds is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def iso_moment(value: object) -> datetime | None:
    """Return an ISO 8601 time as a UTC time; one without a zone is UTC; None if it is no time."""
    try:
        return utc(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except (OverflowError, ValueError):
        return None


def is_sha(value: object) -> bool:
    """Tell whether *value* can be a commit's id: 7 to 64 hexadecimal digits in lower case."""
    return isinstance(value, str) and _SHA.match(value) is not None


def commit_line(message: str) -> str:
    """Return the subject, the first line, of a commit message."""
    return shortened(message.strip().partition("\n")[0].rstrip())
