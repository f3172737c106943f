"""``perfgate check BASE HEAD``: measure two revisions side by side and give one verdict."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.text import Text

from perfgate import gate, git, measure, policy
from perfgate.commands.progress import Watch
from perfgate.commands.run import add_measuring_arguments, policy_at
from perfgate.errors import InvalidInput
from perfgate.formatting import interval, percent, plain, quantity, share
from perfgate.gate import Outcome, Verdict, pairing
from perfgate.measure import Pairs, canary
from perfgate.measure.counts.instructions import find_valgrind
from perfgate.measure.reach import closure, exemption
from perfgate.measure.sides import checkout
from perfgate.policy import Budgets
from perfgate.report import terminal, wording
from perfgate.results import metrics, result_file, shards
from perfgate.results.records import Run
from perfgate.stats.judgments import BenchmarkJudgment
from perfgate.stats.sequential import judge_suite

UNDECIDABLE = 3

FIXED_PAIRS = 16
"""Pairs of every benchmark that a design without early stopping needs to find what this one finds."""

STYLES = {Outcome.PASS: "green", Outcome.FAIL: "bold red", Outcome.WAIVED: "yellow", Outcome.INCONCLUSIVE: "magenta"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", help="commit, branch or tag to compare against; its perfgate.toml is obeyed")
    parser.add_argument("head", nargs="?", default="HEAD", help="commit, branch or tag to judge (HEAD)")
    add_measuring_arguments(parser)
    parser.add_argument("--pull-request", type=int, metavar="N", help="note the number in the result file")
    parser.add_argument(
        "--time-budget",
        type=duration,
        metavar="TIME",
        help="measure no longer than this (90s, 10m); what is open then is inconclusive",
    )
    reach = parser.add_mutually_exclusive_group()
    reach.add_argument(
        "--affected-only",
        action="store_true",
        help="measure only benchmarks that reach a changed file, as traced at BASE",
    )
    reach.add_argument(
        "--gate-all",
        action="store_true",
        help="gate also the benchmarks that the change cannot reach; BASE is not traced",
    )
    parser.add_argument(
        "--shard",
        type=_shard,
        metavar="I/N",
        help="measure only the I-th of N parts of the suite; needs --output, for 'perfgate merge' to join the parts",
    )
    parser.add_argument(
        "--canary",
        action="store_true",
        help="prove that the gate can go red: plant a slowdown into a throw-away copy of BASE; 0 if it was found",
    )
    parser.add_argument("--no-memory", action="store_true", help="leave out memory, which is measured beside time")
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions too, with valgrind: hardly any noise, but 20 to 50 times as slow as a call",
    )
    add_verdict_arguments(parser)


def add_verdict_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what every subcommand takes that ends with a verdict."""
    parser.add_argument("--strict", action="store_true", help="return 3 also if only some benchmarks had no answer")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print the verdict as JSON")
    shape.add_argument("--markdown", action="store_true", help="print the verdict as the pull-request comment")


def run(arguments: argparse.Namespace) -> int:
    """Measure pairs, decide, report; return the gate's exit code."""
    if arguments.canary:
        return _canary(arguments)
    if arguments.shard and (arguments.strict or not arguments.output):
        raise InvalidInput(
            "--shard measures a part and leaves the verdict to 'perfgate merge': give it --output for the part's result"
            " file, and --strict to 'perfgate merge'"
        )
    root = git.root(arguments.repository)
    # At the base, so that a change cannot loosen its own budget.
    rules = policy_at(root, git.resolve(root, arguments.base))
    measured, cost = _measure(arguments, policy.read(rules))
    measured = msgspec.structs.replace(measured, policy=rules, pull_request=arguments.pull_request)
    if arguments.output:
        result_file.save(measured, arguments.output)
    code = answer(measured, arguments, cost)
    # What the other parts hold is not this job's to miss.
    return 0 if arguments.shard and code == UNDECIDABLE else code


def answer(measured: Run, arguments: argparse.Namespace, cost: str = "") -> int:
    """Print the verdict on *measured* in the shape that is asked for; return the gate's exit code.

    Args:
        measured: Both sides.
        arguments: Those of `add_verdict_arguments`, and ``output``: where the result file was written.
        cost: A sentence on what measuring took; empty: that is not known.
    """
    verdict = gate.judge(measured, today=datetime.now(UTC).date())
    if arguments.json:
        print(wording.json_text(verdict))
    elif arguments.markdown:
        print(wording.markdown(verdict), end="")
    else:
        _print(verdict, cost, arguments.output)
    return gate.exit_code(verdict, strict=arguments.strict)


def _canary(arguments: argparse.Namespace) -> int:
    """Plant a known slowdown, judge it under the default budget, and return 0 if the gate went red."""
    meaningless = [
        name
        for name in (
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
        if vars(arguments)[name]
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
        only_time = {**vars(arguments), **copy, "gate_all": True, "no_memory": True}
        measured, _ = _measure(argparse.Namespace(**only_time), policy.read(None))
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


def _shard(text: str) -> tuple[int, int]:
    """Read which shard is meant, such as ``2/3``."""
    try:
        return shards.numbers(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _measure(arguments: argparse.Namespace, budgets: Budgets) -> tuple[Run, str]:
    """Return what was measured, and a sentence on what that cost."""
    if arguments.instructions:
        find_valgrind()  # before anything else is measured in vain
    with terminal.progress(has_steady_steps=False) as bar:
        task = bar.add_task("starting", total=None)

        def tell(text: str) -> None:
            bar.update(task, description=text)

        untouched = _exemption(arguments, tell)
        with measure.open_pairs(
            arguments.repository,
            arguments.base,
            arguments.head,
            suite=arguments.suite,
            select=arguments.select,
            environment_name=arguments.environment,
            install=arguments.install,
            progress=tell,
        ) as pairs:
            parts = (shards.cut(pairs.metrics, *arguments.shard),) if arguments.shard else ()
            labels = parts[0].labels if parts else tuple(pairs.metrics)
            exempt = tuple(label for label in labels if label in untouched.labels)
            wanted = [label for label in labels if not (arguments.affected_only and label in exempt)]
            noisy = {pairing.key(label, pairs.noisy[label]): label for label in wanted if label in pairs.noisy}
            watch = Watch(bar, task, noisy, arguments.time_budget)
            decisions = judge_suite(
                list(noisy),
                watch.taking(lambda key: pairs.take(noisy[key])),
                budget={key: budgets.max_regression(label, pairs.noisy[label]).value for key, label in noisy.items()},
                alpha=gate.alpha_of(parts),
                max_seconds=arguments.time_budget,
                watch=watch.begins,
            )
            spent = math.fsum(each.seconds for each in decisions.values())
            counted = _count(pairs, wanted, arguments, budgets, spent, tell)
            # A benchmark that the time did not suffice for must not look like one that is not there.
            run = pairs.run({noisy[key]: each.reason for key, each in decisions.items() if not each.pairs})
    run = msgspec.structs.replace(
        run,
        exempt=exempt,
        assumptions=untouched.assumptions if exempt else (),
        notes=(*run.notes, *untouched.notes),
        shards=parts,
    )
    return run, _cost(list(decisions.values()), spent, counted)


def _count(
    pairs: Pairs,
    labels: Sequence[str],
    arguments: argparse.Namespace,
    budgets: Budgets,
    spent: float,
    progress: Callable[[str], None],
) -> float:
    """Measure what repeats, in the time that is left; return the seconds that took."""
    return pairs.count(
        labels,
        budget=lambda label, metric: budgets.max_regression(label, metric).value,
        memory=not arguments.no_memory,
        instructions=arguments.instructions,
        max_seconds=(arguments.time_budget or math.inf) - spent,
        progress=progress,
    )


def _cost(decisions: Sequence[BenchmarkJudgment], spent: float, counted: float) -> str:
    """Return the seconds spent, beside those of a design that fixes the number of pairs beforehand."""
    pairs = sum(each.pairs for each in decisions)
    said = f"Measured in {spent + counted:.0f} s"
    if not pairs:
        return f"{said}."
    fixed = spent / pairs * FIXED_PAIRS * len(decisions)
    return (
        f"{said}: {pairs} pairs of {len(decisions)} benchmarks in {spent:.0f} s, where {FIXED_PAIRS} pairs of each would"
        f" have taken {fixed:.0f} s; {counted:.0f} s for what repeats."
    )


def _exemption(arguments: argparse.Namespace, progress: Callable[[str], None]) -> closure.Exemption:
    """Return which benchmarks the change cannot reach; none where all are to be gated."""
    if arguments.gate_all:
        return closure.Exemption(labels=frozenset(), notes=(), assumptions=())
    return exemption.find(
        arguments.repository,
        arguments.base,
        arguments.head,
        suite=arguments.suite,
        select=arguments.select,
        install=arguments.install,
        progress=progress,
    )


def duration(text: str) -> float:
    """Return the seconds of a duration such as ``90``, ``90s`` or ``10m``."""
    try:
        value, unit = policy.quantity(f"{text}in" if text.endswith("m") else text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s or 10m") from error
    if unit not in {"s", ""} or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration above 0; write 90s or 10m")
    return value


def _print(verdict: Verdict, cost: str, output: Path | None) -> None:
    out = terminal.console()
    out.print(Text(wording.headline(verdict), style=STYLES[verdict.outcome]))
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
        ["base", "head", "change", "95 % interval", "budget", "detects", "pairs"],
    )
    for row in [row for row in wording.ordered(verdict) if not row.is_still]:
        style = STYLES[row.outcome]
        table.add_row(
            terminal.name(row.label, prefix),
            Text("not gated" if row.exempt else str(row.outcome), style="dim" if row.exempt else style),
            plain(metrics.describe(row.metric).title),
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
    for line in wording.remarks(verdict):
        out.print(Text(line, style="dim"))
    if cost:
        out.print(Text(cost, style="dim"))
    if output:
        out.print(f"written to {output}")
