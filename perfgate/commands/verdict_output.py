"""How the subcommands that end with a verdict print it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from perfgate import gate
from perfgate.formatting import interval, percent, plain, quantity
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report import terminal
from perfgate.report.headline import headline
from perfgate.report.json_document import json_text
from perfgate.report.markdown import markdown
from perfgate.report.remarks import remarks
from perfgate.report.rows import limits, ordered, word
from perfgate.results import metrics

if TYPE_CHECKING:
    from perfgate.check import Cost  # joining result files needs nothing that measures

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.WAIVED: "yellow", Outcome.INCONCLUSIVE: "magenta"}


def show(verdict: Verdict, arguments: argparse.Namespace, cost: Cost | None = None) -> int:
    """Print a verdict in the form that was asked for, and return the gate's exit code.

    Args:
        verdict: What was decided.
        arguments: Those of `perfgate.commands.options.add_verdict_arguments`, and ``output``: the written result file.
        cost: What measuring took; None: that is not known.
    """
    if arguments.json:
        print(json_text(verdict))
    elif arguments.markdown:
        print(markdown(verdict), end="")
    else:
        show_text(verdict, cost, arguments.output)
    return gate.exit_code(verdict, strict=arguments.strict)


def describe_cost(cost: Cost) -> str:
    """Return the time spent, beside that of a design with a fixed number of pairs.

    >>> from perfgate.check import Cost
    >>> describe_cost(Cost(benchmarks=2, pairs=10, pair_seconds=20.0, count_seconds=3.0))
    'Measured in 23 s: 10 pairs of 2 benchmarks in 20 s (16 pairs of each would take 64 s); deterministic metrics in 3 s.'
    """
    text = f"Measured in {cost.seconds:.0f} s"
    if cost.fixed_seconds is None:
        return f"{text}."
    return (
        f"{text}: {cost.pairs} pairs of {cost.benchmarks} benchmarks in {cost.pair_seconds:.0f} s"
        f" ({cost.fixed_pairs} pairs of each would take {cost.fixed_seconds:.0f} s);"
        f" deterministic metrics in {cost.count_seconds:.0f} s."
    )


def show_text(verdict: Verdict, cost: Cost | None, output: Path | None) -> None:
    """Print headline, table and remarks, what measuring took, and where the result file was written."""
    out = terminal.console()
    out.print(Text(headline(verdict), style=STYLES[verdict.outcome]))
    base = verdict.base.sha[:10] if verdict.base else "nothing"
    out.print(
        Text(f"{verdict.suite}, {verdict.head.sha[:10]} against {base} on {plain(verdict.environment)}", style="dim")
    )
    out.print()
    prefix = terminal.shared_prefix([row.label for row in verdict.rows])
    terminal.announce(out, prefix)
    table = terminal.table(
        "benchmark",
        ["outcome", "metric"],
        ["base", "head", "change", "interval", "budget", "detects", "pairs"],
    )
    for row in ordered(verdict):
        if not row.is_unremarkable:
            table.add_row(*_cells(row, prefix))
    if verdict.rows:
        terminal.show(out, table)
        out.print()
    for line in (*remarks(verdict), *([describe_cost(cost)] if cost else [])):
        out.print(Text(line, style="dim"))
    if output:
        out.print(f"written to {output}")


def _cells(row: Row, prefix: str) -> tuple[str | Text, ...]:
    style = STYLES[row.outcome]
    return (
        terminal.name(row.label, prefix),
        Text(word(row), style="dim" if row.exempt else style),
        plain(metrics.describe(row.metric).title),
        quantity(row.baseline, row.unit),
        quantity(row.candidate, row.unit),
        Text(percent(row.effect), style="" if row.outcome is Outcome.PASS else style),
        interval(row.low, row.high),
        limits(row),
        percent(row.smallest_detectable),
        str(row.pairs),
    )
