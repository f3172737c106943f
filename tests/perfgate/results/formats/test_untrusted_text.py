"""Text and times of other tools become what the records allow."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.limits import MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS


@given(st.text(max_size=50), st.integers(1, 1_000))
def test_shortened_text_fits_and_stays_distinct(text: str, repeats: int) -> None:
    """The result is within the limit and can be stored; two long texts that differ at the end stay different."""
    long = text * repeats

    assert len(untrusted_text.shortened(long, 40)) <= 40
    untrusted_text.shortened(long).encode()
    assert "\0" not in untrusted_text.shortened(long)
    padding = "x" * MAX_TEXT_CHARACTERS
    assert untrusted_text.shortened(padding + "1") != untrusted_text.shortened(padding + "2")


@pytest.mark.parametrize("text", ["a\nb", "<script>", "\u202e", "\x1b[31m"])
def test_a_name_with_active_content_is_refused(text: str) -> None:
    """A name with active content is an error with its path; it is not changed."""
    with pytest.raises(InvalidResult) as error:
        untrusted_text.name(text, path="$.name")
    assert "$.name" == error.value.path


def test_a_name_is_the_same_in_every_run() -> None:
    """Memory addresses are removed, an empty name is replaced, and a long one is cut."""
    assert "<A at 0x…>" == untrusted_text.name("<A at 0x7f00>") == untrusted_text.name("<A at 0x8f00>")
    assert "(no name)" == untrusted_text.name("")
    assert 1_000 < len(untrusted_text.name("x" * 10_000)) <= MAX_NAME_CHARACTERS


def test_values_become_text() -> None:
    """A string stays as it is; anything else is JSON."""
    assert ["a", "1", '{"a":null}', "true"] == [untrusted_text.as_text(value) for value in ("a", 1, {"a": None}, True)]


def test_times_are_utc_or_unknown() -> None:
    """A value that is no time, or is outside the calendar, gives None."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)

    assert noon == untrusted_text.time_of_milliseconds(noon.timestamp() * 1000)
    assert [noon] * 2 == [untrusted_text.time_of_iso(text) for text in ("2026-01-01T13:00+01:00", "2026-01-01T12:00")]
    assert [None] * 3 == [untrusted_text.time_of_milliseconds(number) for number in (None, 1e30, float("nan"))]
    assert [None] * 3 == [untrusted_text.time_of_iso(value) for value in ("noon", 3, "0001-01-01T00:00+09:00")]


def test_a_commit_is_a_hash() -> None:
    """Only 7 to 64 hexadecimal digits in lower case are a commit."""
    assert untrusted_text.is_sha(untrusted_text.NO_COMMIT)
    assert not any(map(untrusted_text.is_sha, ("abcdef", "g" * 40, "A" * 40, "a" * 65, None)))
    with pytest.raises(InvalidResult) as error:
        untrusted_text.check_sha("HEAD", path="$.commit", source="x.json")
    assert ("$.commit", "x.json") == (error.value.path, error.value.source)
    assert "Subject" == untrusted_text.first_line("\n Subject \n\nBody")
