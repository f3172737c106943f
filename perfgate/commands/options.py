"""Arguments that several subcommands share, and how their values are read."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from perfgate import policy
from perfgate.results import shards


def add_suite_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every measuring subcommand takes."""
    parser.add_argument("--repository", type=Path, default=Path(), metavar="DIR", help="the git repository (here)")
    parser.add_argument("--suite", help="asv, pytest-benchmark or a path, where the repository holds more than one")
    parser.add_argument("--select", metavar="GLOB", help="only benchmarks whose name matches")
    parser.add_argument(
        "--install",
        default="auto",
        metavar="HOW",
        help="plain: perfgate makes an environment for each side and installs the project's wheel there; asv: asv builds the"
        " environments; auto: asv if its configuration asks for a matrix or more, else plain; never: import the project from"
        " its folder; or a command with {python} and {checkout}",
    )


def add_measuring_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every subcommand takes that writes a result file."""
    add_suite_arguments(parser)
    parser.add_argument("--environment", metavar="NAME", help="name of this machine in the history")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result file there")


def add_time_budget(
    parser: argparse.ArgumentParser, consequence: str = "", *, bounds: str = "take no longer than this, builds included"
) -> None:
    """Declare the longest time that measuring may take.

    Args:
        consequence: What becomes of benchmarks that are undecided then.
        bounds: What the time is the limit of.
    """
    parser.add_argument(
        "--time-budget",
        type=duration,
        metavar="TIME",
        help=f"{bounds} (90s, 10m){'; ' if consequence else ''}{consequence}",
    )


def add_verdict_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every subcommand takes that ends with a verdict."""
    parser.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks have no answer")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show intervals, pairs, every remark and how the verdict was made"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the verdict as JSON")
    shape.add_argument("--markdown", action="store_true", help="print the verdict as the pull-request comment")


def measure_fields(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the values of `add_suite_arguments` and `add_measuring_arguments` as fields of `MeasureOptions`."""
    names = ("suite", "select", "install", "environment")
    return {name: value for name in names if (value := getattr(arguments, name, None)) is not None}


def duration(text: str) -> float:
    """Return the seconds of a duration such as ``90``, ``90s`` or ``10m``."""
    try:
        value, unit = policy.quantity(f"{text}in" if text.endswith("m") else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s or 10m") from error
    if unit not in {"s", ""} or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration above 0; write 90s or 10m")
    return value


def shard(text: str) -> tuple[int, int]:
    """Return the number of a shard and how many there are, from text such as ``2/3``."""
    try:
        return shards.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
