"""``perfgate bridge BEFORE AFTER``: what of a new segment's first step was the code?

A new machine, Python or benchmark begins a new segment, whose values say nothing against the old ones. Here the last commit
before that border and the first one after it are measured side by side on one machine, with AFTER's benchmarks on both
sides: what still differs is the code. Uploaded, the result is what the server knows of the step across the border.
"""

from __future__ import annotations

import argparse

from perfgate.commands import check
from perfgate.commands.run import add_measuring_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("before", help="last commit measured before the border")
    parser.add_argument("after", nargs="?", default="HEAD", help="first commit measured after it (HEAD)")
    add_measuring_arguments(parser)
    parser.add_argument(
        "--time-budget",
        type=check.duration,
        metavar="TIME",
        help="measure no longer than this (90s, 10m); what is open then is inconclusive",
    )
    check.add_verdict_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure both sides of the border as the gate does, everything gated; return its exit code."""
    fixed = {
        "base": arguments.before,
        "head": arguments.after,
        "pull_request": None,
        "affected_only": False,
        "gate_all": True,
        "shard": None,
        "canary": False,
        "no_memory": False,
        "instructions": False,
    }
    return check.run(argparse.Namespace(**vars(arguments), **fixed))
