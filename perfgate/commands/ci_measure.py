"""``perfgate ci measure``: measure what the event asks for, and print it."""

from __future__ import annotations

import argparse

from perfgate.canary import CanaryResult
from perfgate.ci.jobs import Job
from perfgate.ci.measure import Skipped, measure
from perfgate.commands import canary_output, run_output, verdict_output
from perfgate.commands.exit_codes import ERROR, PASS, UNDECIDABLE
from perfgate.commands.progress import progress_bar
from perfgate.measure.options import MeasureOptions
from perfgate.results.records import Run, SampleState


def run(arguments: argparse.Namespace, job: Job) -> int:
    """Measure what *job* is about; return 0 whatever the verdict, 2 for a canary that was not found, 3 for no value."""
    chosen = {name: getattr(arguments, name) or None for name in ("suite", "select", "environment")}
    with progress_bar() as progress:
        measured, file = measure(
            job,
            options=MeasureOptions(**chosen, install=arguments.install),
            time_budget_seconds=arguments.time_budget,
            results=arguments.results,
            progress=progress,
        )
    match measured:
        case Skipped():
            print(f"Nothing to do: {measured.reason}.")
        case CanaryResult():
            print(canary_output.describe(measured))
            return PASS if measured.is_detected else ERROR
        case Run():
            run_output.show(measured, file)
            return PASS if measured.count(SampleState.MEASURED) else UNDECIDABLE
        case _:
            verdict_output.show_text(measured.verdict, measured.cost, file)
    return PASS
