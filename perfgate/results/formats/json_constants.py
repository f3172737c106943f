"""Decode foreign JSON that may hold the bare constants ``NaN``, ``Infinity`` and ``-Infinity``.

Python's own `json` writes them although JSON has none, asv relies on it, and strict decoders refuse them. Here each
becomes the string of the same spelling, so that a reader can still tell ``NaN`` (asv: skipped) from ``null`` (failed).
Text inside strings is never touched: a benchmark or a parameter may well be called ``"NaN"``.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from perfgate.results.result_file import malformed

Number = float | str | None
"""How a foreign number arrives: a float, null, or the spelling of a constant."""

T = TypeVar("T")


def decode(data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], *, source: str) -> T:
    """Return *data* as *decoder*'s type.

    Most files hold no constant, and searching for one would cost half as much as decoding: they are looked for only
    when the strict decoder stumbles.

    Args:
        data: One JSON document, UTF-8.
        decoder: Its type should take `Number` where a constant may stand.
        source: Name to put into errors.

    Raises:
        InvalidResult: No JSON, nested too deeply, or not of the decoder's type. A retry cannot help.

    >>> decode(b'[NaN, "NaN", -Infinity]', msgspec.json.Decoder(list[Number]), source="example")
    ['NaN', 'NaN', '-Infinity']
    """
    try:
        return decoder.decode(data)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, source=source) from error
    except msgspec.DecodeError as error:
        quoted = quote_constants(bytes(data))
        if quoted == data:
            raise malformed(error, source=source) from error
    try:
        return decoder.decode(quoted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(error, source=source) from error


def quote_constants(data: bytes) -> bytes:
    """Return *data* with quotes around every bare constant.

    >>> quote_constants(b'{"NaN": [NaN, -Infinity]}')
    b'{"NaN": ["NaN", "-Infinity"]}'
    """
    if b"N" in data:  # one letter is found many times faster than three
        data = _quoted(data, b"NaN")
    if b"Infinity" in data:
        data = _quoted(data, b"-Infinity")  # before the shorter one, which then stands in quotes
        data = _quoted(data, b"Infinity")
    return data


def _quoted(data: bytes, constant: bytes) -> bytes:
    """Quote *constant* where the number of quotes before it is even: there it stands outside strings.

    Splitting, counting and joining run at the speed of memory; a regular expression that skips strings does not.
    """
    pieces = data.split(constant)
    if len(pieces) == 1:
        return data
    if b"\\" in data:
        quotes = [_delimiters(piece) & 1 for piece in pieces]
    else:
        quotes = [piece.count(b'"') & 1 for piece in pieces]
    bare = b'"' + constant + b'"'
    inside = list(itertools.accumulate(quotes, operator.xor))[:-1]
    if not any(inside):
        return bare.join(pieces)
    parts = [pieces[0]]
    for is_inside, piece in zip(inside, pieces[1:], strict=True):
        parts += (constant if is_inside else bare, piece)
    return b"".join(parts)


def _delimiters(text: bytes) -> int:
    """Return how many quotes in *text* open or close a string, where some may be escaped."""
    text = text.replace(rb"\\", b"")
    return text.count(b'"') - text.count(rb"\"")


def finite(number: Number) -> float | None:
    """Return a decoded number, or None where null or a constant stands; JSON itself can only write finite ones.

    >>> finite(3.0), finite("NaN"), finite(None)
    (3.0, None, None)
    """
    return number if type(number) is float else None


def all_finite(numbers: Iterable[Number]) -> tuple[float, ...]:
    """Return the finite ones among *numbers*, in order."""
    return tuple([number for number in numbers if type(number) is float])


def calls(number: float | None) -> int | None:
    """Return a count of inner iterations, or None where it is none: a whole number from 1 to 2**53."""
    return int(number) if number is not None and 1 <= number <= 2**53 else None
