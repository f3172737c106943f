"""``perfgate compare A B``: two result files of any known format, side by side."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from perfgate.adapters import read_results
from perfgate.records import Direction, Run, Sample, State
from perfgate.report import interval, percent, plain, quantity
from perfgate.stats.compare import FileComparison, compare_files

UNDECIDABLE = 3


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
            "reason": _missing(old, new),
        }
        if old and new and not row["reason"]:
            row |= _compared(old, new)
        rows.append(row)
    rows.sort(key=lambda row: -abs(row["effect"] or 0.0))
    return rows


def _by_identity(run: Run) -> dict[tuple[str, str, str], Sample]:
    return {(each.benchmark.label, each.metric.name, each.metric.unit): each for each in run.samples}


def _missing(old: Sample | None, new: Sample | None) -> str:
    if old is None:
        return "only in the candidate"
    if new is None:
        return "only in the baseline"
    for side, sample in (("baseline", old), ("candidate", new)):
        if sample.state is not State.MEASURED:
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
    console = Console(highlight=False)
    for name, one in (("baseline", baseline), ("candidate", candidate)):
        dirty = ", uncommitted changes" if one.commit.dirty else ""
        console.print(
            f"{name:10} {one.commit.sha[:10]}{dirty}  {plain(one.environment.name)}  {plain(one.tool)}", markup=False
        )
    for name, (ours, theirs) in differences.items():
        console.print(
            f"different {name}: {plain(theirs)!r} and {plain(ours)!r}: not comparable for a verdict", markup=False
        )
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("benchmark", overflow="fold")
    for name in ("metric", "baseline", "candidate", "change", "95 % interval"):
        table.add_column(name, justify="left" if name == "metric" else "right")
    table.add_column("", overflow="fold", style="dim")
    shared = _shared_reason(rows)
    for row in rows:
        style = "" if row["effect"] is None else "green" if row["better"] else "red"
        table.add_row(
            plain(row["benchmark"]).replace("[", r"\["),
            row["metric"],
            quantity(row["baseline"], row["unit"]),
            quantity(row["candidate"], row["unit"]),
            f"[{style}]{percent(row['effect'])}[/]"
            if style and abs(row["effect"]) >= 0.0005
            else percent(row["effect"]),
            "–" if row["low"] is None else interval(row["low"], row["high"]).replace("[", r"\["),
            "" if row["reason"] == shared else row["reason"],
        )
    console.print(table)
    if shared:
        console.print(shared, style="yellow")


def _shared_reason(rows: list[dict[str, Any]]) -> str:
    """Return the reason that weakens most of the compared rows, to be said once below the table."""
    reasons = [row["reason"] for row in rows if row["effect"] is not None and row["reason"]]
    return max(set(reasons), key=reasons.count) if reasons else ""
