"""``perfgate run``: measure the suite of a repository at one revision and write a result file."""

from __future__ import annotations

import argparse
import json

from perfgate.commands import options, run_output
from perfgate.commands.exit_codes import PASS, UNDECIDABLE
from perfgate.commands.progress import progress_bar
from perfgate.measure.options import MeasureOptions
from perfgate.results import result_file
from perfgate.results.records import SampleState
from perfgate.run import measure_revision


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("revision", nargs="?", default="HEAD", help="commit, branch or tag to measure (HEAD)")
    options.add_measuring_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the result file instead of a table")


def run(arguments: argparse.Namespace) -> int:
    """Measure, write the result file, print the values; return 0, or 3 if nothing could be measured."""
    chosen = MeasureOptions(**options.measure_fields(arguments))
    with progress_bar() as progress:
        measured = measure_revision(arguments.repository, arguments.revision, options=chosen, progress=progress)
    if arguments.output:
        result_file.save(measured, arguments.output)
    if arguments.json:
        print(json.dumps(json.loads(result_file.write(measured))))
    else:
        run_output.show(measured, arguments.output)
    return PASS if measured.count(SampleState.MEASURED) else UNDECIDABLE
