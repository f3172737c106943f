"""``perfgate bridge BEFORE AFTER``: how much of a level shift across two environments comes from the code.

A new machine, Python or benchmark begins a new segment, whose values cannot be compared with the older ones. Here the
last commit before that border and the first commit after it are measured side by side on one machine, with AFTER's
benchmarks on both sides: what still differs is the code. Once uploaded, the result tells the server which part of the
shift the code caused.
"""

from __future__ import annotations

import argparse

from perfgate.check import CheckOptions, CheckScope, check
from perfgate.commands import options, verdict_output
from perfgate.commands.progress import progress_bar
from perfgate.results import result_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("before", help="last commit measured before the border")
    parser.add_argument("after", nargs="?", default="HEAD", help="first commit measured after it (HEAD)")
    options.add_measuring_arguments(parser)
    options.add_time_budget(parser, "a benchmark that is undecided then is inconclusive")
    options.add_verdict_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure both sides of the border as the gate does, with every benchmark gated; return its exit code."""
    chosen = CheckOptions(
        **options.measure_fields(arguments), scope=CheckScope.GATE_ALL, time_budget_seconds=arguments.time_budget
    )
    with progress_bar() as progress:
        checked = check(arguments.repository, arguments.before, arguments.after, options=chosen, progress=progress)
    if arguments.output:
        result_file.save(checked.run, arguments.output)
    return verdict_output.show(checked.verdict, arguments, checked.cost)
