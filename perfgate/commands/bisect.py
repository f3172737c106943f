"""``perfgate bisect GOOD BAD``: find the commit that made a benchmark slower, with live pairs against GOOD."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from perfgate.bisect import BisectCallback, NoSlowdown, SearchStarted, SearchStep, bisect
from perfgate.commands import bisect_output, options
from perfgate.commands.exit_codes import PASS, UNDECIDABLE
from perfgate.commands.progress import progress_bar
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import MeasurementProgress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("good", help="commit, branch or tag that is still fast; an ancestor of BAD")
    parser.add_argument("bad", nargs="?", default="HEAD", help="commit, branch or tag that is slow (HEAD)")
    options.add_suite_arguments(parser)
    options.add_time_budget(parser, bounds="measure no longer than this")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Search, report; return 0 if one commit is proved to be the cause, else 3."""
    with _progress() as progress:
        result = bisect(
            arguments.repository,
            arguments.good,
            arguments.bad,
            options=MeasureOptions(**options.measure_fields(arguments)),
            time_budget_seconds=arguments.time_budget,
            progress=progress,
        )
    if arguments.json:
        print(json.dumps(bisect_output.document(result)))
    elif isinstance(result, NoSlowdown):
        print(f"{bisect_output.no_slowdown(result)}.")
    else:
        bisect_output.show(result)
    return PASS if not isinstance(result, NoSlowdown) and result.is_found else UNDECIDABLE


@contextmanager
def _progress() -> Iterator[BisectCallback]:
    """Show a progress bar, and print on standard error what the search found so far."""
    with progress_bar() as update:

        def show(event: MeasurementProgress | SearchStarted | SearchStep) -> None:
            if isinstance(event, MeasurementProgress):
                update(event)
            else:
                text = bisect_output.started(event) if isinstance(event, SearchStarted) else bisect_output.step(event)
                print(text, file=sys.stderr, flush=True)

        yield show
