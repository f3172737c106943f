"""``perfgate check BASE HEAD``: measure two revisions side by side and give one verdict."""

from __future__ import annotations

import argparse

from perfgate.canary import check_canary
from perfgate.check import CheckOptions, CheckScope, check
from perfgate.commands import canary_output, options, verdict_output
from perfgate.commands.exit_codes import ERROR, PASS, UNDECIDABLE
from perfgate.commands.progress import progress_bar
from perfgate.errors import InvalidInput
from perfgate.results import result_file

_NOT_FOR_CANARY = (
    "output",
    "pull_request",
    "affected_only",
    "gate_all",
    "shard",
    "no_memory",
    "instructions",
    "strict",
    "markdown",
)
"""Options that have no effect on the canary."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", help="commit, branch or tag to compare against; its perfgate.toml applies")
    parser.add_argument("head", nargs="?", default="HEAD", help="commit, branch or tag to judge (HEAD)")
    options.add_measuring_arguments(parser)
    parser.add_argument("--pull-request", type=int, metavar="N", help="note the number in the result file")
    options.add_time_budget(parser, "a benchmark that is undecided then is inconclusive")
    _add_scope_arguments(parser)
    parser.add_argument("--no-memory", action="store_true", help="do not measure memory, only time")
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions with valgrind, too: hardly any noise, but each call takes 20 to 50 times as long",
    )
    options.add_verdict_arguments(parser)


def _add_scope_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare which benchmarks are measured and gated."""
    scope = parser.add_mutually_exclusive_group()
    scope.add_argument(
        "--affected-only",
        action="store_true",
        help="measure only benchmarks that reach a changed file, as traced at BASE",
    )
    scope.add_argument(
        "--gate-all",
        action="store_true",
        help="gate also the benchmarks that the change cannot reach; BASE is not traced",
    )
    parser.add_argument(
        "--shard",
        type=options.shard,
        metavar="I/N",
        help="measure only part I of N of the suite; needs --output, for 'perfgate merge' to join the parts",
    )
    parser.add_argument(
        "--canary",
        action="store_true",
        help="prove that the gate can fail: plant twice the smallest detectable slowdown into a temporary copy of BASE, in a"
        " benchmark drawn by lot; returns 0 if that was found",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="with --canary: draw the same benchmark again")


def run(arguments: argparse.Namespace) -> int:
    """Measure, decide, report; return the gate's exit code."""
    if arguments.canary:
        return _run_canary(arguments)
    if arguments.seed is not None:
        raise InvalidInput("--seed decides which benchmark --canary draws: give both, or neither")
    if arguments.shard and (arguments.strict or not arguments.output):
        raise InvalidInput(
            "--shard measures a part and leaves the verdict to 'perfgate merge': give it --output for the part's result"
            " file, and --strict to 'perfgate merge'"
        )
    with progress_bar() as progress:
        checked = check(
            arguments.repository, arguments.base, arguments.head, options=_options(arguments), progress=progress
        )
    if arguments.output:
        result_file.save(checked.run, arguments.output)
    code = verdict_output.show(checked.verdict, arguments, checked.cost)
    # The verdict of a single part is no verdict on the suite.
    return PASS if arguments.shard and code == UNDECIDABLE else code


def _options(arguments: argparse.Namespace) -> CheckOptions:
    scope = CheckScope.GATE_ALL if arguments.gate_all else CheckScope.GATE_AFFECTED
    return CheckOptions(
        **options.measure_fields(arguments),
        scope=CheckScope.MEASURE_AFFECTED if arguments.affected_only else scope,
        shard=arguments.shard,
        memory=not arguments.no_memory,
        instructions=arguments.instructions,
        time_budget_seconds=arguments.time_budget,
        pull_request=arguments.pull_request,
    )


def _run_canary(arguments: argparse.Namespace) -> int:
    """Check that the gate finds a planted slowdown; return 0 if it does, else 2."""
    meaningless = [name for name in _NOT_FOR_CANARY if vars(arguments)[name]]
    if meaningless or arguments.head != "HEAD":
        named = ", ".join(f"--{name.replace('_', '-')}" for name in meaningless) or f"a head ({arguments.head})"
        raise InvalidInput(f"--canary makes its own head and gives no verdict on yours: leave out {named}")
    with progress_bar() as progress:
        result = check_canary(
            arguments.repository, arguments.base, seed=arguments.seed, options=_options(arguments), progress=progress
        )
    print(canary_output.describe(result, as_json=arguments.json))
    return PASS if result.is_detected else ERROR
