"""``perfgate check BASE HEAD``: measure two revisions side by side and give one verdict."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.text import Text

from perfgate import gate, git, policy, recorded, report, resultfile, suite, terminal
from perfgate.commands.run import add_measuring_arguments, policy_at
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.gate import Outcome, Verdict
from perfgate.policy import Budgets
from perfgate.records import Run
from perfgate.stats.sequential import judge_suite
from perfgate.suite import canary, checkout, closure
from perfgate.wording import interval, percent, plain, quantity, share

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.WAIVED: "yellow", Outcome.INCONCLUSIVE: "magenta"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", help="commit, branch or tag to compare against; its perfgate.toml is obeyed")
    parser.add_argument("head", nargs="?", default="HEAD", help="commit, branch or tag to judge (HEAD)")
    add_measuring_arguments(parser)
    parser.add_argument("--pull-request", type=int, metavar="N", help="note the number in the result file")
    parser.add_argument(
        "--time-budget",
        type=_seconds,
        metavar="TIME",
        help="measure no longer than this (90s, 10m); what is open then is inconclusive",
    )
    parser.add_argument(
        "--affected-only",
        action="store_true",
        help="trace BASE first, and measure only benchmarks that reach a changed file",
    )
    parser.add_argument(
        "--canary",
        action="store_true",
        help="prove that the gate can go red: plant a slowdown into a throw-away copy of BASE; 0 if it was found",
    )
    parser.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks had no answer")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the verdict as JSON")
    shape.add_argument("--markdown", action="store_true", help="print the verdict as the pull-request comment")


def run(arguments: argparse.Namespace) -> int:
    """Measure pairs, decide, report; return the gate's exit code."""
    if arguments.canary:
        return _canary(arguments)
    root = git.root(arguments.repository)
    # At the base, so that a change cannot loosen its own budget.
    rules = policy_at(root, git.resolve(root, arguments.base))
    measured, seconds = _measure(arguments, policy.read(rules))
    measured = msgspec.structs.replace(measured, policy=rules, pull_request=arguments.pull_request)
    if arguments.output:
        resultfile.save(measured, arguments.output)
    verdict = gate.judge(measured, today=datetime.now(UTC).date())
    if arguments.json:
        print(report.json_text(verdict))
    elif arguments.markdown:
        print(report.markdown(verdict), end="")
    else:
        _print(verdict, seconds, arguments.output)
    return gate.exit_code(verdict, strict=arguments.strict)


def _canary(arguments: argparse.Namespace) -> int:
    """Plant a known slowdown, judge it under the default budget, and return 0 if the gate went red."""
    meaningless = [
        name for name in ("output", "pull_request", "affected_only", "strict", "markdown") if vars(arguments)[name]
    ]
    if meaningless or arguments.head != "HEAD":
        named = ", ".join(f"--{name.replace('_', '-')}" for name in meaningless) or f"a head ({arguments.head})"
        raise InvalidInput(f"--canary makes its own head and no verdict on yours: leave out {named}")
    with checkout.workspace() as folder:
        with terminal.progress() as bar:
            task = bar.add_task("planting", total=None)
            planted = canary.plant(
                arguments.repository,
                arguments.base,
                workspace=folder,
                suite=arguments.suite,
                select=arguments.select,
                install=arguments.install,
                progress=lambda text: bar.update(task, description=text),
            )
        copy = {"repository": planted.repository, "base": planted.base, "head": planted.head, "select": planted.select}
        measured, _ = _measure(argparse.Namespace(**{**vars(arguments), **copy}), policy.read(None))
    verdict = gate.judge(measured, today=datetime.now(UTC).date())
    (effect,) = [row.effect for row in verdict.rows] or [None]
    is_alive = verdict.outcome is Outcome.FAIL
    found = {"benchmark": planted.benchmark, "planted": planted.expected, "found": effect, "red": is_alive}
    if arguments.json:
        print(json.dumps(found))
    else:
        word = "alive: it went red" if is_alive else "DEAD: it stayed " + verdict.outcome
        print(
            f"The gate is {word}. Planted {percent(planted.expected)} in {plain(planted.function)} of"
            f" {plain(planted.module)}; found {percent(effect)} in {plain(planted.benchmark)}."
        )
    return 0 if is_alive else 2


def _measure(arguments: argparse.Namespace, budgets: Budgets) -> tuple[Run, float]:
    """Return what was measured, and the seconds that its pairs took."""
    with terminal.progress() as bar:
        task = bar.add_task("starting", total=None)
        exemption = _exemption(arguments, lambda text: bar.update(task, description=text))
        with suite.open_pairs(
            arguments.repository,
            arguments.base,
            arguments.head,
            suite=arguments.suite,
            select=arguments.select,
            environment_name=arguments.environment,
            install=arguments.install,
            progress=lambda text: bar.update(task, description=text),
        ) as pairs:
            metrics = {
                recorded.key(label, metric): (label, metric)
                for label, metric in pairs.metrics.items()
                if label not in exemption.labels
            }
            exempt = tuple(label for label in pairs.metrics if label in exemption.labels)
            bar.reset(task, total=len(metrics))

            def watch(stage: str, still_open: int) -> None:
                text = f"{stage}, {still_open} of {len(metrics)} open"
                bar.update(task, completed=len(metrics) - still_open, description=text)

            decisions = judge_suite(
                list(metrics),
                lambda key: pairs.take(metrics[key][0]),
                budget={key: budgets.max_regression(*names).value for key, names in metrics.items()},
                alpha=gate.ALPHA,
                max_seconds=arguments.time_budget,
                watch=watch,
            )
            run = pairs.run()
            notes = (*run.notes, *([exemption.reason] if exemption.reason else []), *exemption.assumptions)
            run = msgspec.structs.replace(run, exempt=exempt, notes=notes)
            return run, math.fsum(each.seconds for each in decisions.values())


def _exemption(arguments: argparse.Namespace, progress: Callable[[str], None]) -> closure.Exemption:
    """Return which benchmarks the change cannot reach; none unless that was asked for and could be traced."""
    if not arguments.affected_only:
        return closure.Exemption(labels=frozenset(), reason="", assumptions=())
    try:
        traced = closure.trace(
            arguments.repository,
            arguments.base,
            suite=arguments.suite,
            select=arguments.select,
            install=arguments.install,
            progress=progress,
        )
    except MeasurementFailed as failure:
        reason = f"Every benchmark was measured, for the base could not be traced: {failure}"
        return closure.Exemption(labels=frozenset(), reason=reason, assumptions=())
    return closure.exempt(arguments.repository, arguments.base, arguments.head, traced)


def _seconds(text: str) -> float:
    """Read a duration such as ``90``, ``90s`` or ``10m``."""
    try:
        value, unit = policy.quantity(f"{text}in" if text.endswith("m") else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s or 10m") from error
    if unit not in {"s", ""} or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration above 0; write 90s or 10m")
    return value


def _print(verdict: Verdict, seconds: float, output: Path | None) -> None:
    out = terminal.console()
    out.print(Text(report.headline(verdict), style=STYLES[verdict.outcome]))
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
        ["base", "head", "change", "95 % interval", "budget", "could have seen", "pairs"],
    )
    for row in report.ordered(verdict):
        style = STYLES[row.outcome]
        table.add_row(
            terminal.name(row.label, prefix),
            Text(str(row.outcome), style=style),
            row.metric,
            quantity(row.baseline, row.unit),
            quantity(row.candidate, row.unit),
            Text(percent(row.effect), style="" if row.outcome is Outcome.PASS else style),
            interval(row.low, row.high),
            share(row.allowed.value),
            percent(row.smallest_detectable),
            str(row.pairs),
        )
    if verdict.rows:
        terminal.show(out, table)
        out.print()
    for line in report.remarks(verdict):
        out.print(Text(line, style="dim"))
    out.print(Text(f"Measured in {seconds:.0f} seconds.", style="dim"))
    if output:
        out.print(f"written to {output}")
