"""Tests of markdown.py, and of the same verdicts as JSON by json_document.py."""

from __future__ import annotations

import cmarkgfm
import msgspec
import pytest

from perfgate.gate import NotJudged, Outcome
from perfgate.report.headline import headline
from perfgate.report.markdown import MAX_COMMENT_CHARACTERS, CommentContext, combined, markdown
from perfgate.report.rows import row_id
from tests.perfgate.report.shown import HOSTILE, WAIVER, RenderedElements, finding, row, verdict


@pytest.mark.parametrize("name", HOSTILE)
def test_an_untrusted_name_is_text_in_its_cell(name: str) -> None:
    """For any name of a benchmark, GitHub's renderer produces one table of complete rows and no other element."""
    elements = RenderedElements()
    elements.feed(cmarkgfm.github_flavored_markdown_to_html(markdown(verdict(row(name, metric=name), row("plain")))))

    assert [4, 4, 4] == elements.cells
    assert [] == elements.unwanted


@pytest.mark.parametrize("name", HOSTILE)
def test_an_untrusted_name_is_text_in_a_false_alarm(name: str) -> None:
    """The warning about an exempt benchmark produces no element and no table."""
    alarm = row(name, Outcome.PASS, exempt=True)
    elements = RenderedElements()
    text = markdown(verdict(alarm, outcome=Outcome.PASS, exempt=(name,), assumptions=("It holds.",)))
    elements.feed(cmarkgfm.github_flavored_markdown_to_html(text))

    assert "FALSE ALARM" in text
    assert "It holds." in text
    assert ([], []) == (elements.cells, elements.unwanted)


def test_the_comment_begins_with_verdict_and_next_step() -> None:
    """The first line has the verdict, the next one what to do."""
    lines = markdown(verdict(row("a"))).splitlines()

    assert "### perfgate: ❌ 1 benchmark beyond the budget" == lines[0]
    assert lines[2].startswith("**Next:**")


def test_the_worst_rows_are_shown_and_the_rest_is_counted() -> None:
    """At most ten rows, sorted by change over smallest detectable change."""
    rows = [row(f"b{i}", effect=0.1 + i / 100) for i in range(25)]
    text = markdown(verdict(*rows))

    assert "`b24`" in text.splitlines()[6]
    assert "… and 15 more." in text


def test_a_comment_is_limited_in_size() -> None:
    """Ten thousand long names give a short comment with the verdict on top."""
    rows = [row(f"{i}" + "`|" * 60) for i in range(300)]
    missing = tuple(NotJudged(label=f"{i}" + "x" * 2_000, metric="time", reason="y" * 5_000) for i in range(10_000))
    text = markdown(verdict(*rows, not_judged=missing, notes=("n" * 10_000,) * 200))

    assert len(text) <= MAX_COMMENT_CHARACTERS
    assert text.startswith("### perfgate: ❌ 300 benchmarks")


def test_improvements_and_waivers_are_named() -> None:
    """The table shows the ceiling of a waiver, and improvements are counted."""
    text = markdown(
        verdict(
            row("w", Outcome.WAIVED, findings=(finding(waiver=WAIVER),), reason="exact"),
            row("i", Outcome.PASS, "improved", effect=-0.2),
            outcome=Outcome.WAIVED,
        )
    )

    assert "1 waived · 1 improved" in text
    assert "| 20\u00a0% |" in text
    assert "<summary>1 improved</summary>" in text


def test_reasons_are_listed_below_the_table() -> None:
    """The reason of a failed row is in the comment, as text."""
    assert "- `a`: `time says no`" in markdown(verdict(row("a", reason="time says no")))


def test_large_verdicts_give_readable_comments() -> None:
    """Two verdicts with a hundred thousand entries fit into one comment."""
    rows = [row(f"b{i}") for i in range(1_000)]
    lost = tuple(NotJudged(label=f"x{i}", metric="cpu_time", reason="gone " * 50) for i in range(100_000))
    said = verdict(*rows, not_judged=lost, notes=("note " * 100,) * 1_000)
    text = combined([(said, CommentContext()), (said, CommentContext())])
    assert len(markdown(said)) <= MAX_COMMENT_CHARACTERS
    assert len(text) < 65_536
    assert headline(said) in text


def test_a_server_adds_ids_history_and_budget_left() -> None:
    """Rows have their command ids and sparklines; the budget left and the line of the policy are shown."""
    slow = row("slow", findings=(finding(line=31),))
    near = msgspec.structs.replace(row("near", Outcome.PASS, "within"), effect=0.024, low=0.02, high=0.028)
    context = CommentContext(
        sparklines={("slow", slow.metric): "▁▁█"}, chart="```mermaid\nxychart-beta\n```", has_commands=True
    )
    text = markdown(msgspec.structs.replace(verdict(slow, near), policy_path="perfgate.toml"), context)
    assert f"`{row_id(slow)}` | `slow`" in text
    assert "<sub>▁▁█</sub> |" in text
    assert "```mermaid" in text
    assert "Budget left: `near` 20 %." in text
    assert "policy `perfgate.toml` of base, line 31" in text
    assert "/perfgate accept ID" in text
    assert "/perfgate" not in markdown(verdict(slow, near))


def test_a_warning_comes_first() -> None:
    """The warning stands directly below the headline."""
    text = markdown(verdict(row("a")), CommentContext(warning="From a fork."))
    assert text.splitlines()[2] == "> **From a fork.**"
