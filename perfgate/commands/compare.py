"""``perfgate compare A B``: two result files of any known format, side by side."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from perfgate.commands.exit_codes import PASS, UNDECIDABLE
from perfgate.compare import ComparedRow, Comparison, compare, most_processes
from perfgate.formatting import interval, percent, plain, quantity
from perfgate.report import terminal
from perfgate.results.formats import read_results
from perfgate.stats.compare import compare_files

NEGLIGIBLE = 0.0005
"""Changes below this are not colored."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("baseline", type=Path, help="result file of the baseline")
    parser.add_argument("candidate", type=Path, help="result file of the candidate")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; files measured apart never earn a verdict, so this returns 0, or 3 if nothing matched."""
    comparison = compare(read_results(arguments.baseline), read_results(arguments.candidate))
    if arguments.json:
        rows = [_document(row) for row in comparison.rows]
        print(json.dumps({"environment_differences": comparison.environment_differences, "rows": rows}))
    else:
        _print(comparison)
    return PASS if any(row.effect is not None for row in comparison.rows) else UNDECIDABLE


def _document(row: ComparedRow) -> dict[str, Any]:
    """Return a row for JSON."""
    fields = asdict(row)
    change = fields.pop("change") or {"effect": None, "low": None, "high": None}
    if "is_better" in change:
        change["better"] = change.pop("is_better")
    return fields | change


def _print(comparison: Comparison) -> None:
    out = terminal.console()
    out.print(_heading(comparison))
    for name, (candidate, baseline) in comparison.environment_differences.items():
        text = f"not comparable for a verdict: {name} was {plain(baseline)!r}, is {plain(candidate)!r}"
        out.print(Text(text, style="yellow"))
    out.print()
    reasons = {row.reason for row in comparison.rows if row.effect is not None}
    _print_rows(out, comparison.rows, reasons)
    out.print()
    for reason in sorted(reasons) or [_certainty(comparison)]:
        out.print(Text(reason, style="yellow"))


def _heading(comparison: Comparison) -> Table:
    heading = terminal.table("", [], [])
    for title in ("baseline", "candidate"):
        heading.add_column(title)
    for name, value in (
        ("commit", lambda run: run.commit.sha[:10] + (", uncommitted changes" if run.commit.dirty else "")),
        ("tool", lambda run: plain(run.tool)),
        ("environment", lambda run: plain(run.environment.name)),
        ("benchmarks", lambda run: str(len(run.samples))),
        ("processes", lambda run: str(most_processes(run))),
    ):
        heading.add_row(name, Text(value(comparison.baseline)), Text(value(comparison.candidate)))
    return heading


def _print_rows(out: Console, rows: tuple[ComparedRow, ...], common_reasons: set[str]) -> None:
    """Print the table; *common_reasons* are printed below it and left out of the rows."""
    prefix = terminal.shared_prefix([row.benchmark for row in rows])
    terminal.announce(out, prefix)
    numbers = ["baseline", "candidate", "change", "n"]
    has_intervals = any(row.change and row.change.low is not None for row in rows)
    table = terminal.table("benchmark", ["metric"], [*numbers, "95 % interval"] if has_intervals else numbers)
    table.add_column("", style="dim", overflow="fold")
    for row in rows:
        table.add_row(
            terminal.name(row.benchmark, prefix),
            row.metric,
            quantity(row.baseline, row.unit),
            quantity(row.candidate, row.unit),
            _change(row),
            "/".join("–" if size is None else str(size) for size in row.sizes),
            *([_interval(row)] if has_intervals else []),
            "" if row.reason in common_reasons else row.reason,
        )
    terminal.show(out, table)


def _interval(row: ComparedRow) -> str:
    return interval(row.change.low, row.change.high) if row.change and row.change.low is not None else "–"


def _change(row: ComparedRow) -> Text:
    text = percent(row.effect)
    if row.change is None or row.effect is None or abs(row.effect) < NEGLIGIBLE:
        return Text(text)
    return Text(text, style="green" if row.change.is_better else "red")


def _certainty(comparison: Comparison) -> str:
    """Return what two files of this kind could certify, for the case that no benchmark is in both."""
    sides = [[1.0] * most_processes(run) for run in (comparison.baseline, comparison.candidate)]
    return f"no benchmark is in both files; {compare_files(*sides).reason}"
