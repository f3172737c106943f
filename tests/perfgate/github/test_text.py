"""Texts fit into GitHub's limits, and only a whole marker is one."""

from __future__ import annotations

import pytest

from perfgate.errors import InvalidInput
from perfgate.github import text


def test_a_marker_is_hidden_in_the_first_line() -> None:
    """The text begins with an HTML comment, which readers do not see."""
    assert "<!-- perfgate:report -->\n# Report" == text.marked("perfgate:report", "# Report")


@pytest.mark.parametrize("marker", ["", "a b", "a-->", "a\nb", "ä"])
def test_a_marker_cannot_end_its_comment(marker: str) -> None:
    """Characters that could end the HTML comment are refused."""
    with pytest.raises(InvalidInput, match="use letters, digits"):
        text.marker_line(marker)


def test_a_text_at_the_limit_is_unchanged() -> None:
    """Shortening begins with the first character too many."""
    whole = "x" * text.MAX_CHARACTERS

    assert whole == text.shortened(whole)
    assert text.MAX_CHARACTERS == len(text.shortened(whole + "x"))


def test_a_long_text_ends_with_a_whole_line_and_a_note() -> None:
    """No row of a table is split, and the reader is told that something is missing."""
    shortened = text.shortened("| row |\n" * 10_000)

    assert shortened.endswith("| row |" + text.CUT_NOTE)
    assert len(shortened) <= text.MAX_CHARACTERS


@pytest.mark.parametrize(
    ("title", "most", "expected"),
    [("a\n b", 10, "a b"), ("abcdef", 6, "abcdef"), ("abcdefg", 6, "abcde…"), ("  a  ", 6, "a")],
)
def test_a_title_is_one_short_line(title: str, most: int, expected: str) -> None:
    """White space is one space, and a cut shows as an ellipsis within the limit."""
    assert expected == text.one_line(title, most)


@pytest.mark.parametrize(
    ("stored", "wanted", "same"),
    [("a\r\nb", "a\nb\n", True), (None, "", True), (None, "a", False), ("a b", "ab", False)],
)
def test_line_ends_make_no_difference(stored: str | None, wanted: str, *, same: bool) -> None:
    """GitHub may change line ends and trim a text; that is no reason to write it again."""
    assert same is text.is_same(stored, wanted)
