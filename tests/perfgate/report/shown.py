"""Rows and verdicts to be shown, and names that attackers choose."""

from __future__ import annotations

from datetime import date
from html.parser import HTMLParser

from perfgate.gate import Finding, Outcome, Row, Verdict
from perfgate.policy import Limit, Waiver
from perfgate.results.records import Commit, Direction

WAIVER = Waiver(
    benchmarks="w", metric="*", max_regression=0.2, until=date(2027, 1, 1), owner="o", reason="exact", line=3
)


def finding(judgment: str = "regressed", *, line: int = 0, waiver: Waiver | None = None) -> Finding:
    outcome = {"regressed": Outcome.FAIL, "inconclusive": Outcome.INCONCLUSIVE}.get(judgment, Outcome.PASS)
    return Finding(
        rule="max_regression",
        limit=Limit(value=0.03, line=line),
        observed=0.1,
        outcome=Outcome.WAIVED if waiver else outcome,
        waiver=waiver,
    )


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


def row(label: str, outcome: Outcome = Outcome.FAIL, judgment: str = "regressed", **changes: object) -> Row:
    fields: dict[str, object] = {
        "label": label,
        "metric": "cpu_time",
        "unit": "s",
        "direction": Direction.LOWER,
        "outcome": outcome,
        "judgment": judgment,
        "baseline": 1e-3,
        "candidate": 1.1e-3,
        "effect": 0.1,
        "low": 0.09,
        "high": 0.11,
        "findings": (finding(judgment),),
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


def counted(label: str, effect: float, outcome: Outcome, judgment: str, **changes: object) -> Row:
    fields: dict[str, object] = {
        "metric": "traced_peak", "unit": "B", "baseline": 2e6, "candidate": 2e6 * (1 + effect), "effect": effect,
        "low": effect - 0.0005, "high": effect + 0.0005, "smallest_detectable": 0.03, "pairs": 1,
    }  # fmt: skip
    return row(label, outcome, judgment, **{**fields, **changes})


class RenderedElements(HTMLParser):
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
