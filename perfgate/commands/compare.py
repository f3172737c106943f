"""``perfgate compare A B``: two result files of any known format, side by side."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from statistics import median
from typing import Any

from rich.table import Table
from rich.text import Text

from perfgate.formatting import interval, percent, plain, quantity
from perfgate.report import terminal
from perfgate.results.formats import read_results
from perfgate.results.records import Direction, Run, Sample, SampleState
from perfgate.stats.compare import FileComparison, compare_files

UNDECIDABLE = 3

NEGLIGIBLE = 0.0005
"""Changes below this are not coloured."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("baseline", type=Path, help="result file of the baseline")
    parser.add_argument("candidate", type=Path, help="result file of the candidate")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; two files measured apart never earn a verdict, so this returns 0, or 3 if none matched."""
    baseline, candidate = read_results(arguments.baseline), read_results(arguments.candidate)
    rows = list(_rows(baseline, candidate))
    differences = candidate.environment.differences(baseline.environment)
    if arguments.json:
        print(json.dumps({"environment_differences": differences, "rows": rows}))
    else:
        _print(baseline, candidate, rows, differences)
    return 0 if any(row["effect"] is not None for row in rows) else UNDECIDABLE


def _rows(baseline: Run, candidate: Run) -> list[dict[str, Any]]:
    """Return one row for each benchmark and metric found on either side."""
    before, after = _by_identity(baseline), _by_identity(candidate)
    rows: list[dict[str, Any]] = []
    for identity in dict.fromkeys((*before, *after)):
        old, new = before.get(identity), after.get(identity)
        row: dict[str, Any] = {
            "benchmark": identity[0],
            "metric": identity[1],
            "unit": identity[2],
            "baseline": old.value if old else None,
            "candidate": new.value if new else None,
            "effect": None,
            "low": None,
            "high": None,
            "sizes": (_size(old), _size(new)),
            "reason": _missing(old, new),
        }
        if old and new and not row["reason"]:
            row |= _compared(old, new)
        rows.append(row)
    rows.sort(key=lambda row: -abs(row["effect"] or 0.0))
    return rows


def _by_identity(run: Run) -> dict[tuple[str, str, str], Sample]:
    return {(each.benchmark.label, each.metric.name, each.metric.unit): each for each in run.samples}


def _size(sample: Sample | None) -> int | None:
    """Return how many measurements stand behind a sample; None where the tool does not tell."""
    if sample is None:
        return None
    return sum(map(len, sample.rounds)) or int(sample.statistics.get("rounds", 0)) or None


def _missing(old: Sample | None, new: Sample | None) -> str:
    if old is None:
        return "only in the candidate"
    if new is None:
        return "only in the baseline"
    for side, sample in (("baseline", old), ("candidate", new)):
        if sample.state is not SampleState.MEASURED:
            return f"{sample.state} in the {side}"
    if old.benchmark.version and new.benchmark.version and old.benchmark.version != new.benchmark.version:
        return "the benchmark itself changed between the two"
    return ""


def _compared(old: Sample, new: Sample) -> dict[str, Any]:
    result = compare_files(_processes(old), _processes(new))
    fields = {"low": result.low, "high": result.high, "reason": result.reason, "processes": result.processes}
    return {"effect": None if math.isnan(result.effect) else result.effect, "better": _better(old, result), **fields}


def _better(sample: Sample, result: FileComparison) -> bool:
    return (result.effect < 0) is (sample.metric.direction is Direction.LOWER)


def _processes(sample: Sample) -> list[float]:
    """Return one level for each process; a tool that kept no measurements leaves one."""
    assert sample.value is not None
    return [median(one_round) for one_round in sample.rounds] if len(sample.rounds) > 1 else [sample.value]


def _print(baseline: Run, candidate: Run, rows: list[dict[str, Any]], differences: dict[str, tuple[str, str]]) -> None:
    out = terminal.console()
    out.print(_heading(baseline, candidate))
    for name, (ours, theirs) in differences.items():
        out.print(
            Text(f"not comparable for a verdict: {name} was {plain(theirs)!r}, is {plain(ours)!r}", style="yellow")
        )
    out.print()
    prefix = terminal.shared_prefix([row["benchmark"] for row in rows])
    terminal.announce(out, prefix)
    numbers = ["baseline", "candidate", "change", "n"]
    intervals = any(row["low"] is not None for row in rows)
    table = terminal.table("benchmark", ["metric"], [*numbers, "95 % interval"] if intervals else numbers)
    table.add_column("", style="dim", overflow="fold")
    reasons = {row["reason"] for row in rows if row["effect"] is not None}
    for row in rows:
        cells = [
            terminal.name(row["benchmark"], prefix),
            row["metric"],
            quantity(row["baseline"], row["unit"]),
            quantity(row["candidate"], row["unit"]),
            _change(row),
            "/".join("–" if size is None else str(size) for size in row["sizes"]),
        ]
        if intervals:
            cells.append("–" if row["low"] is None else interval(row["low"], row["high"]))
        table.add_row(*cells, "" if row["reason"] in reasons else row["reason"])
    terminal.show(out, table)
    out.print()
    for reason in sorted(reasons) or [_certainty(baseline, candidate)]:
        out.print(Text(reason, style="yellow"))


def _heading(baseline: Run, candidate: Run) -> Table:
    heading = terminal.table("", [], [])
    for title in ("baseline", "candidate"):
        heading.add_column(title)
    for name, value in (
        ("commit", lambda run: run.commit.sha[:10] + (", uncommitted changes" if run.commit.dirty else "")),
        ("tool", lambda run: plain(run.tool)),
        ("environment", lambda run: plain(run.environment.name)),
        ("benchmarks", lambda run: str(len(run.samples))),
        ("processes", lambda run: str(_most_processes(run))),
    ):
        heading.add_row(name, Text(value(baseline)), Text(value(candidate)))
    return heading


def _most_processes(run: Run) -> int:
    return max((len(sample.rounds) for sample in run.samples), default=0) or 1


def _certainty(baseline: Run, candidate: Run) -> str:
    """Return what two files of this kind could have certified, said where no benchmark stands in both."""
    reason = compare_files([1.0] * _most_processes(baseline), [1.0] * _most_processes(candidate)).reason
    return f"no benchmark stands in both files; {reason}"


def _change(row: dict[str, Any]) -> Text:
    text = percent(row["effect"])
    if row["effect"] is None or abs(row["effect"]) < NEGLIGIBLE:
        return Text(text)
    return Text(text, style="green" if row["better"] else "red")
