"""What people read, and what strangers may not do to it."""

from datetime import date
from html.parser import HTMLParser

import cmarkgfm
import msgspec
import pytest

from perfgate.gate import FalseAlarms, Outcome, Row, Verdict
from perfgate.gate.pairing import NotJudged
from perfgate.policy import Limit, Waiver
from perfgate.report import wording
from perfgate.results.records import Commit, Direction

HOSTILE = [
    "a|b",
    "`rm`",
    "x`",
    "@octocat/team pwn",
    "<!-- perfgate:v1 -->",
    "</details><img src=http://e/x>",
    "[x](javascript:a)",
    "a\n| b | c |\n# h",
    "#123 fixes #1",
    "\\",
    "a\\|b",
    "test[1-`|`]",
    "``|`|",
    "www.evil.com https://evil.com GH-12 a5c3785ed8d6a35868bc169f07e40e889087fd2e",
    "safe\u202egnitset\u202c",
    "\u200b",
    "x" * 5_000,
]


def row(label: str, outcome: Outcome = Outcome.FAIL, judgement: str = "regressed", **changes: object) -> Row:
    fields: dict[str, object] = {
        "label": label,
        "metric": "cpu_time",
        "unit": "s",
        "direction": Direction.LOWER,
        "outcome": outcome,
        "judgement": judgement,
        "baseline": 1e-3,
        "candidate": 1.1e-3,
        "effect": 0.1,
        "low": 0.09,
        "high": 0.11,
        "allowed": Limit(value=0.03, line=0),
        "smallest_detectable": 0.014,
        "pairs": 8,
    }
    return Row(**{**fields, **changes})  # type: ignore[arg-type]


def verdict(*rows: Row, outcome: Outcome = Outcome.FAIL, **changes: object) -> Verdict:
    fields: dict[str, object] = {
        "outcome": outcome,
        "suite": "s",
        "head": Commit(sha="a" * 40),
        "base": Commit(sha="b" * 40),
        "rows": rows,
        "environment": "runner",
    }
    return Verdict(**{**fields, **changes})  # type: ignore[arg-type]


class Elements(HTMLParser):
    """Counts the cells of each row and collects elements that no name may create."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[int] = []
        self.unwanted: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "tr":
            self.cells.append(0)
        elif tag in {"td", "th"}:
            self.cells[-1] += 1
        elif tag in {"a", "img", "h1", "script"}:
            self.unwanted.append(tag)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_in_its_cell(name: str) -> None:
    """Whatever a benchmark is called, GitHub's renderer sees one table of whole rows and nothing else of it."""
    elements = Elements()
    elements.feed(
        cmarkgfm.github_flavored_markdown_to_html(wording.markdown(verdict(row(name, metric=name), row("plain"))))
    )

    assert [4, 4, 4] == elements.cells
    assert [] == elements.unwanted


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text_in_a_false_alarm(name: str) -> None:
    """The warning about an exempt benchmark creates no element either, and no table."""
    alarm = row(name, Outcome.PASS, exempt=True)
    elements = Elements()
    text = wording.markdown(verdict(alarm, outcome=Outcome.PASS, exempt=(name,), assumptions=("It holds.",)))
    elements.feed(cmarkgfm.github_flavored_markdown_to_html(text))

    assert "FALSE ALARM" in text
    assert "It holds." in text
    assert ([], []) == (elements.cells, elements.unwanted)


def test_false_alarms_beyond_a_few_are_counted() -> None:
    """At most ten are named, the worst first."""
    alarms = [row(f"b{i}", Outcome.PASS, exempt=True, effect=i / 100) for i in range(12)]
    lines = wording.false_alarms(verdict(*alarms), str)

    assert "b11" in lines[0]
    assert "FALSE ALARM: 2 more." == lines[10]
    assert 11 == len(lines)


def test_the_measured_rate_has_an_honest_bound() -> None:
    """No false alarm among many is a small rate, not none; nothing measured says nothing."""
    assert "" == wording.long_run_rate(FalseAlarms())
    assert wording.long_run_rate(FalseAlarms(judged=240)).startswith(
        "0 of 240 benchmarks that their pull request could not reach were called regressed: below 1.2 %"
    )


def test_the_comment_begins_with_verdict_and_next_step() -> None:
    """Nobody scrolls to learn whether the gate is red."""
    lines = wording.markdown(verdict(row("a"))).splitlines()

    assert "### perfgate: ❌ 1 benchmark beyond the budget" == lines[0]
    assert lines[2].startswith("**Next:**")


def test_the_worst_rows_are_shown_and_the_rest_is_counted() -> None:
    """At most ten rows, sorted by change over smallest detectable change."""
    rows = [row(f"b{i}", effect=0.1 + i / 100) for i in range(25)]
    text = wording.markdown(verdict(*rows))

    assert "`b24`" in text.splitlines()[6]
    assert "… and 15 more." in text


def test_a_comment_never_grows_beyond_its_limit() -> None:
    """Ten thousand hostile names make a short comment with the verdict still on top."""
    rows = [row(f"{i}" + "`|" * 60) for i in range(300)]
    missing = tuple(NotJudged(label=f"{i}" + "x" * 2_000, metric="time", reason="y" * 5_000) for i in range(10_000))
    text = wording.markdown(verdict(*rows, not_judged=missing, notes=("n" * 10_000,) * 200))

    assert len(text) <= wording.MAX_COMMENT_CHARACTERS
    assert text.startswith("### perfgate: ❌ 300 benchmarks")


def test_no_verdict_is_said_first() -> None:
    """A gate without an answer does not look green."""
    assert "❔ No verdict: nothing was compared" == wording.headline(verdict(outcome=Outcome.INCONCLUSIVE))
    text = wording.markdown(verdict(outcome=Outcome.INCONCLUSIVE, notes=("No baseline was measured.",)))
    assert "this is no pass" in text
    assert "> No baseline was measured." in text


def test_improvements_and_waivers_are_named() -> None:
    """A reader sees what was allowed and by which ceiling."""
    waiver = Waiver(
        benchmarks="w", metric="*", max_regression=0.2, until=date(2027, 1, 1), owner="o", reason="exact", line=3
    )
    text = wording.markdown(
        verdict(
            row("w", Outcome.WAIVED, waiver=waiver, reason="exact"),
            row("i", Outcome.PASS, "improved", effect=-0.2),
            outcome=Outcome.WAIVED,
        )
    )

    assert "1 waived · 1 improved" in text
    assert "| 20\u00a0% |" in text
    assert "<summary>1 improved</summary>" in text


def test_the_power_of_the_comparison_is_stated() -> None:
    """No regression found is evidence only together with what could have been seen."""
    assert "could have seen a change of 1.4 %" in wording.markdown(verdict(row("a", Outcome.PASS, "within")))


def counted(label: str, effect: float, outcome: Outcome, judgement: str, **changes: object) -> Row:
    fields: dict[str, object] = {
        "metric": "traced_peak", "unit": "B", "baseline": 2e6, "candidate": 2e6 * (1 + effect), "effect": effect,
        "low": effect - 0.0005, "high": effect + 0.0005, "smallest_detectable": 0.03, "pairs": 1,
    }  # fmt: skip
    return row(label, outcome, judgement, **{**fields, **changes})


def test_memory_that_did_not_move_is_one_line() -> None:
    """A second metric lists what moved, under its human name, and counts the rest; the headline counts benchmarks."""
    said = verdict(
        *(row(f"b{i}", Outcome.PASS, "within") for i in range(3)),
        counted("b0", 0.0, Outcome.PASS, "within"),
        counted("b1", 0.04, Outcome.FAIL, "regressed"),
        counted("b2", 0.01, Outcome.PASS, "within"),
    )
    text = wording.markdown(said)

    assert "❌ 1 benchmark beyond the budget · 2 within budget" == wording.headline(said)
    assert "| `b1` traced memory peak | **+4.0\u00a0%**\u00a0larger [" in text
    assert "bring it back within its budget" in text
    assert "Not listed, since unmoved or too small to judge: traced memory peak of 1 benchmark." in text
    assert [True, False, False] == [each.is_still for each in said.rows[3:]]


def test_how_memory_was_decided_is_said_apart_from_the_chance_of_a_false_alarm() -> None:
    """What repeats spends no chance; pairs and power are those of the times alone."""
    said = wording.remarks(
        verdict(row("a", Outcome.PASS, "within"), counted("a", 0.0, Outcome.PASS, "within", smallest_detectable=0.5))
    )

    assert "could have seen a change of 1.4 %" in said[0]
    assert "Pairs a benchmark: 8. What repeats was measured apart from time, and spends none of that chance" in said[-1]
    assert "traced memory peak 0.05 %" in said[-1]


def test_benchmarks_that_share_a_reason_are_named_together() -> None:
    """Out of time once is one line, not one for each benchmark."""
    missing = tuple(NotJudged(label=f"b{i}", metric="traced_peak", reason="out of time") for i in range(9))
    said = wording.remarks(verdict(outcome=Outcome.INCONCLUSIVE, not_judged=missing))

    assert said[0].startswith("b0 (traced memory peak), b1 (traced memory peak)")
    assert said[0].endswith("and 6 more not judged: out of time")


def test_a_reason_stands_below_the_table() -> None:
    """Why a row is red beside its number is in the comment, as text."""
    assert "- `a`: `time says no`" in wording.markdown(verdict(row("a", reason="time says no")))


def test_a_hundred_thousand_of_everything_is_a_comment_that_people_can_read() -> None:
    """Whatever a file holds: ten rows, a note, and never more than GitHub takes."""
    rows = [row(f"b{i}") for i in range(1_000)]
    lost = tuple(NotJudged(label=f"x{i}", metric="cpu_time", reason="gone " * 50) for i in range(100_000))
    said = verdict(*rows, not_judged=lost, notes=("note " * 100,) * 1_000)
    text = wording.together([(said, wording.Around()), (said, wording.Around())])
    assert len(wording.markdown(said)) <= wording.MAX_COMMENT_CHARACTERS
    assert len(text) < 65_536
    assert wording.headline(said) in text


def test_a_server_adds_ids_history_and_what_is_left() -> None:
    """Rows get the signs that commands name them by; what used most of its budget is told, and the policy's line."""
    slow = msgspec.structs.replace(row("slow"), allowed=Limit(value=0.03, line=31))
    near = msgspec.structs.replace(
        row("near", Outcome.PASS, "within"), effect=0.024, low=0.02, high=0.028, allowed=Limit(value=0.03, line=31)
    )
    around = wording.Around(
        sparklines={("slow", slow.metric): "▁▁█"}, chart="```mermaid\nxychart-beta\n```", takes_orders=True
    )
    text = wording.markdown(msgspec.structs.replace(verdict(slow, near), policy_path="perfgate.toml"), around)
    assert f"`{wording.row_id(slow)}` | `slow`" in text
    assert "<sub>▁▁█</sub> |" in text
    assert "```mermaid" in text
    assert "Budget left: `near` 20 %." in text
    assert "policy `perfgate.toml` of base, line 31" in text
    assert "/perfgate accept ID" in text
    assert "/perfgate" not in wording.markdown(verdict(slow, near))


def test_a_warning_is_read_first() -> None:
    text = wording.markdown(verdict(row("a")), wording.Around(warning="A stranger's."))
    assert text.splitlines()[2] == "> **A stranger's.**"
