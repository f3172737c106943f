"""How the subcommands that end with a verdict print it."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from perfgate import gate
from perfgate.formatting import interval, percent, plain, quantity
from perfgate.gate import Outcome, Row, Verdict
from perfgate.report import terminal
from perfgate.report.headline import benchmarks, headline
from perfgate.report.json_document import json_text
from perfgate.report.markdown import markdown
from perfgate.report.remarks import ASSUMED, power, procedure, remarks, unlisted
from perfgate.report.rows import limits, ordered, word
from perfgate.results import metrics

if TYPE_CHECKING:
    from perfgate.check import Cost  # joining result files needs nothing that measures

MAX_LINES, MAX_LINE = 4, 150
"""Lines below the table without -v, and characters of a remark there."""

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
        show_text(verdict, cost, arguments.output, verbose=arguments.verbose)
    return gate.exit_code(verdict, strict=arguments.strict)


def describe_cost(cost: Cost) -> str:
    """Return the time spent from start to end, and on what.

    >>> from perfgate.check import Cost
    >>> describe_cost(Cost(benchmarks=2, pairs=10, seconds=48.0, pair_seconds=20.0, count_seconds=3.0))
    'Took 48 s: 10 pairs of 2 benchmarks 20 s, deterministic metrics 3 s, installing, collecting and tracing 25 s.'
    """
    expected, pairs = cost.forecast_pair_seconds, cost.pairs
    forecast = (
        f" Forecast {expected:.1f} s a pair, took {cost.pair_seconds / pairs:.1f} s." if expected and pairs else ""
    )
    counted = f", deterministic metrics {cost.count_seconds:.0f} s" if cost.count_seconds >= 0.5 else ""
    return (
        f"Took {cost.seconds:.0f} s: {cost.pairs} pairs of {benchmarks(cost.benchmarks)} {cost.pair_seconds:.0f} s"
        f"{counted}, installing, collecting and tracing {cost.other_seconds:.0f} s.{forecast}"
    )


def show_text(verdict: Verdict, cost: Cost | None, output: Path | None, *, verbose: bool = False) -> None:
    """Print headline, what to do next, and table; below it at most four lines, or everything where *verbose*."""
    out = terminal.console()
    out.print(Text(headline(verdict), style=STYLES[verdict.outcome]))
    if step := next_step(verdict):
        out.print(Text(step))
    out.print()
    _show_table(out, verdict, verbose=verbose)
    for line in _lines_below(verdict, cost, output, verbose=verbose):
        out.print(Text(line, style="dim"))


def next_step(verdict: Verdict) -> str:
    """Return what the reader should do next; empty where that is nothing."""
    rows = [row for row in ordered(verdict) if not row.exempt and row.outcome is verdict.outcome]
    labels = list(dict.fromkeys(row.label for row in rows))
    match verdict.outcome:
        case Outcome.FAIL:
            only = f"with --select {shlex.quote(plain(labels[0], 200))}" if len(labels) == 1 else ""
            again = f" To try again: the same command {only}." if only else ""
            return f"Make it faster, or allow it with a [[waiver]] in perfgate.toml.{again}"
        case Outcome.INCONCLUSIVE if rows:
            return "Measure again with more time (--time-budget), or where less else runs (perfgate doctor)."
        case Outcome.INCONCLUSIVE:
            return "See below why nothing was compared."
    return ""


def _show_table(out: Console, verdict: Verdict, *, verbose: bool) -> None:
    prefix = terminal.shared_prefix([row.label for row in verdict.rows])
    terminal.announce(out, prefix)
    details = ["interval", "detects", "pairs"] if verbose else []
    table = terminal.table("benchmark", ["outcome", "metric"], ["base", "head", "change", "budget", *details])
    for row in ordered(verdict):
        if not row.is_unremarkable:
            table.add_row(*_cells(row, prefix, verbose=verbose))
    if verdict.rows:
        terminal.show(out, table)
        out.print()


def _cells(row: Row, prefix: str, *, verbose: bool) -> tuple[str | Text, ...]:
    style = STYLES[row.outcome]
    cells = (
        terminal.name(row.label, prefix),
        Text(word(row), style="dim" if row.exempt else style),
        plain(metrics.describe(row.metric).title),
        quantity(row.baseline, row.unit),
        quantity(row.candidate, row.unit),
        Text(percent(row.effect), style="" if row.outcome is Outcome.PASS else style),
        limits(row),
    )
    details = (interval(row.low, row.high), percent(row.smallest_detectable), str(row.pairs))
    return (*cells, *details) if verbose else cells


def _lines_below(verdict: Verdict, cost: Cost | None, output: Path | None, *, verbose: bool) -> list[str]:
    """Return what stands below the table, the measured revisions and the time last."""
    base = verdict.base.sha[:10] if verdict.base else "nothing"
    measured = f"{verdict.suite}, {verdict.head.sha[:10]} against {base} on {plain(verdict.environment)}."
    ending = [" ".join([measured, *([describe_cost(cost)] if cost else [])])]
    ending += [f"written to {output}"] if output else []
    everything = remarks(verdict)
    if verbose:
        return [*everything, *ending]
    of_method = {procedure(verdict), power(verdict), unlisted(verdict)}
    important = [line for line in everything if line not in of_method and not line.startswith(ASSUMED)]
    shown = [shortened(line) for line in (*important, *filter(None, [power(verdict)]))][: MAX_LINES - len(ending)]
    if len(everything) > len(shown):
        ending[0] += " Everything: -v."
    return [*shown, *ending]


def shortened(line: str) -> str:
    """Return the first `MAX_LINE` characters of a remark, in one line."""
    text = " ".join(line.split())
    return text if len(text) <= MAX_LINE else text[: MAX_LINE - 1] + "…"
