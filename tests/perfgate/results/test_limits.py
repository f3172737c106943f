"""The limits of names and texts are those of pages, terminals and databases."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest

from perfgate.results.limits import MAX_NAME_CHARACTERS, PATTERN_DESCRIPTIONS, Name, Sha, ShortName, Text


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Name, "bench.time_sort[kind='list', n=10] <a> × 2"),
        (Name, "x" * MAX_NAME_CHARACTERS),
        (ShortName, "x" * 100),
        (Text, "two\nlines <script>"),
        (Text, ""),
        (Sha, "0123abc"),
    ],
)
def test_usual_text_is_accepted(kind: Any, text: str) -> None:
    """Names of real benchmarks and free text are within the limits."""
    assert text == msgspec.convert(text, kind)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Name, ""),
        (Name, "x" * (MAX_NAME_CHARACTERS + 1)),
        (Name, "two\nlines"),
        (Name, "</Script>"),
        (Name, "a\u202eb"),
        (Name, "\ud800"),
        (ShortName, "x" * 101),
        (Text, "a\0b"),
        (Text, "\udfff"),
        (Sha, "HEAD"),
        (Sha, "0123abc\n"),
    ],
)
def test_dangerous_text_is_refused(kind: Any, text: str) -> None:
    """Control characters, reversed text, active markup and text that no database can store are refused."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, kind)


def test_every_pattern_has_a_description() -> None:
    """An error message never shows a regular expression."""
    for pattern, description in PATTERN_DESCRIPTIONS.items():
        with pytest.raises(msgspec.ValidationError) as error:
            msgspec.convert("\0", kind_of(pattern))
        assert "matching regex" in str(error.value)
        assert "\\" not in description


def kind_of(pattern: str) -> Any:
    return next(kind for kind in (Name, Text, Sha) if any(pattern == meta.pattern for meta in get_args(kind)[1:]))
