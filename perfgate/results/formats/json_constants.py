"""Decode JSON of other tools that contains the constants ``NaN``, ``Infinity`` and ``-Infinity``.

They are not valid JSON, but Python's `json` writes them and some tools give them a meaning. Each is decoded as a string
with the same spelling, so that a reader can tell ``NaN`` from ``null``. Strings in the document are not changed: the name
of a benchmark or a parameter can be ``"NaN"``.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from perfgate.results.result_file import translate_error

Number = float | str | None
"""A decoded number: a float, None for null, or the spelling of a constant."""

T = TypeVar("T")


def decode(data: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], *, source: str) -> T:
    """Return *data*, decoded as the decoder's type.

    Most files contain no constant, and a search for one takes half as long as decoding. So constants are searched for
    only after the strict decoder has failed.

    Args:
        data: One JSON document, UTF-8.
        decoder: Its type must allow `Number` wherever a constant is possible.
        source: Name for error messages.

    Raises:
        InvalidResult: It is no JSON, nested too deeply, or not of the decoder's type. A retry cannot help.

    >>> decode(b'[NaN, "NaN", -Infinity]', msgspec.json.Decoder(list[Number]), source="example")
    ['NaN', 'NaN', '-Infinity']
    """
    try:
        return decoder.decode(data)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise translate_error(error, source=source) from error
    except msgspec.DecodeError as error:
        quoted = quote_constants(bytes(data))
        if quoted == data:
            raise translate_error(error, source=source) from error
    try:
        return decoder.decode(quoted)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise translate_error(error, source=source) from error


def quote_constants(data: bytes) -> bytes:
    """Return *data* with quotes around every constant outside strings.

    >>> quote_constants(b'{"NaN": [NaN, -Infinity]}')
    b'{"NaN": ["NaN", "-Infinity"]}'
    """
    if b"N" in data:  # a search for one letter is many times faster than for three
        data = _quoted(data, b"NaN")
    if b"Infinity" in data:
        data = _quoted(data, b"-Infinity")  # first, so that the shorter constant is then inside quotes
        data = _quoted(data, b"Infinity")
    return data


def _quoted(data: bytes, constant: bytes) -> bytes:
    """Quote *constant* where the number of quotes before it is even, which means outside strings.

    Splitting, counting and joining are much faster than a regular expression that skips strings.
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
    """Return how many quotes in *text* open or close a string; escaped quotes do not count."""
    text = text.replace(rb"\\", b"")
    return text.count(b'"') - text.count(rb"\"")


def finite(number: Number) -> float | None:
    """Return a decoded number if it is a finite float, else None.

    >>> finite(3.0), finite("NaN"), finite(None)
    (3.0, None, None)
    """
    return number if type(number) is float else None


def all_finite(numbers: Iterable[Number]) -> tuple[float, ...]:
    """Return the finite floats in *numbers*, in order."""
    return tuple([number for number in numbers if type(number) is float])


def call_count(number: float | None) -> int | None:
    """Return a number of inner iterations as an integer; None if it is not between 1 and 2**53."""
    return int(number) if number is not None and 1 <= number <= 2**53 else None
