"""``perfgate ci measure`` and ``perfgate ci report``: what the two jobs of a workflow on GitHub Actions do.

Each step is a module of its own, `perfgate.commands.ci_measure` and `perfgate.commands.ci_report`: the measuring job
loads nothing that talks to GitHub, and the reporting job nothing that measures.
"""

from __future__ import annotations

import argparse
import importlib
import os
from pathlib import Path

from perfgate.ci import artifacts, jobs
from perfgate.commands import options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the two steps and their arguments."""
    steps = parser.add_subparsers(metavar="STEP", required=True, dest="step")
    measure = steps.add_parser("measure", help="measure what the event asks for, into a folder of result files")
    measure.add_argument("--suite", default="", help="asv, pytest-benchmark or a path, where there is more than one")
    measure.add_argument("--select", default="", metavar="GLOB", help="only benchmarks whose name matches")
    measure.add_argument("--install", default="auto", metavar="HOW", help="as for 'perfgate check'")
    measure.add_argument("--environment", default="", metavar="NAME", help="name of this machine in the history")
    measure.add_argument(
        "--time-budget", type=_optional_duration, metavar="TIME", help="measure no longer than this (90s, 10m)"
    )
    report = steps.add_parser("report", help="show the verdict on the run's page and on the pull request")
    report.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks have no answer")
    report.add_argument(
        "--server", default=os.environ.get("PERFGATE_SERVER", ""), help="perfgate server to upload to; it comments then"
    )
    for step in (measure, report):
        step.add_argument(
            "--results",
            type=Path,
            default=artifacts.FOLDER,
            metavar="DIR",
            help=f"folder of result files ({artifacts.FOLDER})",
        )


def run(arguments: argparse.Namespace) -> int:
    """Do one of the steps; return its exit code."""
    step = importlib.import_module(f"perfgate.commands.ci_{arguments.step}")
    code: int = step.run(arguments, jobs.read(os.environ))
    return code


def _optional_duration(text: str) -> float | None:
    """Return the seconds of a duration; None for the empty text of an input that was left out."""
    return options.duration(text) if text else None
