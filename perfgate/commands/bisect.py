"""``perfgate bisect GOOD BAD``: find the commit that made a benchmark slower, with live pairs against GOOD."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress
from rich.text import Text

from perfgate import gate, git, measure
from perfgate.commands.check import duration
from perfgate.commands.progress import Watch
from perfgate.commands.run import add_suite_arguments
from perfgate.errors import MeasurementFailed
from perfgate.formatting import chance, interval, percent, plain, share
from perfgate.gate import pairing
from perfgate.report import terminal
from perfgate.results.records import Commit
from perfgate.stats.bisection import CommitMeasurement, Explanation, Posterior
from perfgate.stats.judgments import BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.pairs import CannotMeasure, Pair, pair_value
from perfgate.stats.search import CulpritSearch, TakePair, VisitResult
from perfgate.stats.sequential import judge_suite

SMALLEST = 0.01
"""Slowdown between the two ends from which it is worth looking for the commit."""

NAMED = 5
"""Suspects that are named where none is proved."""

_NORMAL = 1.96


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The benchmark whose slowdown is followed, and what the comparison of both ends told of it."""

    label: str
    metric: str
    decision: BenchmarkJudgment
    values: tuple[float, ...]
    """Log ratio of each pair, BAD ÷ GOOD."""
    pair_seconds: float
    prepare_seconds: float
    others: tuple[str, ...]
    """Labels that got slower too, but less."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was found, ready to be told."""

    root: Path
    good: str
    line: tuple[Commit, ...]
    """The commits after GOOD, BAD the last; position i is element i − 1."""
    followed: Followed
    search: CulpritSearch
    posterior: Posterior

    def sha(self, position: int) -> str:
        """Return the commit at a position as it is shown; 0 is GOOD."""
        return (self.line[position - 1].sha if position else self.good)[:10]

    @property
    def branch(self) -> tuple[str, str] | None:
        """Return where the branch begins and ends that the likeliest commit merged; None: it is no merge."""
        return git.merged(self.root, self.line[self.posterior.suspects()[0][0] - 1].sha)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("good", help="commit, branch or tag that is still fast; an ancestor of BAD")
    parser.add_argument("bad", nargs="?", default="HEAD", help="commit, branch or tag that is slow (HEAD)")
    add_suite_arguments(parser)
    parser.add_argument("--time-budget", type=duration, metavar="TIME", help="measure no longer than this (90s, 10m)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")


def run(arguments: argparse.Namespace) -> int:
    """Compare both ends, narrow the range down, report; return 0 if one commit is proved to have done it, else 3."""
    began = time.monotonic()
    root = git.root(arguments.repository)
    good, line = git.resolve(root, arguments.good), git.line(root, arguments.good, arguments.bad)
    with terminal.progress() as bar:
        followed, decisions = _compare_ends(arguments, good, line[-1].sha, bar)
        if followed is None:
            return _report_nothing(decisions, as_json=arguments.json)
        left = arguments.time_budget - (time.monotonic() - began) if arguments.time_budget else math.inf
        search = CulpritSearch(
            count=len(line),
            bad=followed.values,
            prepare_seconds=followed.prepare_seconds,
            pair_seconds=followed.pair_seconds,
            max_seconds=max(0.0, left),
        )
        _tell(_forecast(search, followed))
        task = bar.add_task("narrowing", total=None)

        @contextmanager
        def visit(position: int) -> Iterator[TakePair]:
            sha = line[position - 1].sha
            with _pairs(arguments, good, sha, line[-1].sha, bar, select=followed.label) as pairs:
                bar.update(task, description=f"measuring {sha[:10]}")
                yield lambda: _value(pairs.take(followed.label), followed.metric)

        posterior = search.run(visit, lambda step: _tell(_progress(step, line)))
    result = Result(root=root, good=good, line=line, followed=followed, search=search, posterior=posterior)
    if arguments.json:
        print(json.dumps(_plain(result)))
    else:
        _print(result)
    return 0 if posterior.explanation is Explanation.FOUND else 3


def _compare_ends(
    arguments: argparse.Namespace, good: str, bad: str, bar: Progress
) -> tuple[Followed | None, SuiteJudgment]:
    """Measure both ends and return the benchmark that got slower most; None where none surely did."""
    taken: dict[str, list[Pair]] = defaultdict(list)
    began = time.monotonic()
    with _pairs(arguments, good, bad, bad, bar, select=arguments.select) as pairs:
        prepare_seconds = time.monotonic() - began
        labels = {pairing.key(label, metric): label for label, metric in pairs.metrics.items()}
        if not labels:
            raise MeasurementFailed(
                f"no benchmark matches --select {arguments.select}: see 'perfgate run' for their names"
            )
        task = bar.add_task("comparing both ends", total=len(labels))

        def take(key: str) -> Pair:
            taken[key].append(pairs.take(labels[key]))
            return taken[key][-1]

        watch = Watch(bar, task, labels, arguments.time_budget)
        decisions = judge_suite(
            list(labels),
            watch.taking(take),
            budget=SMALLEST,
            alpha=gate.ALPHA,
            max_seconds=arguments.time_budget,
            watch=watch.begins,
        )
        bar.remove_task(task)
    slower = [key for key, decision in decisions.items() if decision.outcome is Judgment.REGRESSED]
    if not slower:
        return None, decisions
    slower.sort(key=lambda key: -decisions[key].effect)
    worst, decision = slower[0], decisions[slower[0]]
    followed = Followed(
        label=labels[worst],
        metric=decision.metric,
        decision=decision,
        values=tuple(_value(pair, decision.metric) for pair in taken[worst]),
        pair_seconds=decision.seconds / decision.pairs,
        prepare_seconds=prepare_seconds,
        others=tuple(labels[key] for key in slower[1:]),
    )
    return followed, decisions


@contextmanager
def _pairs(
    arguments: argparse.Namespace, good: str, other: str, benchmarks: str, bar: Progress, *, select: str | None
) -> Iterator[measure.Pairs]:
    """Open pairs against GOOD, with the benchmarks of BAD on both sides; what goes wrong in a visit skips its commit."""
    task = bar.add_task("starting", total=None)
    try:
        with measure.open_pairs(
            arguments.repository,
            good,
            other,
            benchmarks=benchmarks,
            suite=arguments.suite,
            select=select,
            install=arguments.install,
            progress=lambda text: bar.update(task, description=text),
        ) as pairs:
            bar.update(task, visible=False)
            yield pairs
    except MeasurementFailed as failure:
        if other == benchmarks or isinstance(failure, CannotMeasure):
            raise
        raise measure.PairFailed(str(failure)) from failure
    finally:
        bar.remove_task(task)


def _value(pair: Pair, metric: str) -> float:
    return pair_value(pair, wall=metric == "wall_time")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _forecast(search: CulpritSearch, followed: Followed) -> str:
    expected, effect = search.estimate_cost(), followed.decision
    found = f"{plain(followed.label)} is {percent(effect.effect)} {interval(effect.low, effect.high)} slower."
    if search.count == 1:
        return found
    return (
        f"{found}\n{search.count} commits are suspect: about {expected.visits} to measure, {expected.most_visits} at"
        f" most, some {_duration(expected.visit_seconds)} each, about {_duration(expected.seconds)} in all."
    )


def _duration(amount: float) -> str:
    return f"{amount:.0f} s" if amount < 100 else f"{amount / 60:.0f} min"


def _progress(step: VisitResult, line: tuple[Commit, ...]) -> str:
    suspects = len(step.posterior.suspects())
    found = step.measurement
    told = (
        f"skipped: {_short(step.reason)}" if found is None else f"{percent(math.expm1(found.value))} {_around(found)}"
    )
    return f"{line[step.position - 1].sha[:10]}  {told}  ({suspects} suspect{'' if suspects == 1 else 's'} left)"


def _around(found: CommitMeasurement) -> str:
    half = _NORMAL * found.error
    return interval(math.expm1(found.value - half), math.expm1(found.value + half))


def _short(reason: str) -> str:
    """Return the first and the last line of a reason: what was tried, and what was said about it."""
    lines = [text for text in reason.splitlines() if text.strip()]
    return plain(" … ".join(dict.fromkeys((lines[0], lines[-1])))) if lines else "no reason given"


def _report_nothing(decisions: SuiteJudgment, *, as_json: bool) -> int:
    """Say that there is no slowdown to look for, and return 3."""
    unclear = [decision for decision in decisions.values() if decision.outcome is Judgment.INCONCLUSIVE]
    text = f"No benchmark of {len(decisions)} is surely slower than GOOD by more than {share(SMALLEST)}"
    text += f"; {len(unclear)} could not be told, the first because {plain(unclear[0].reason)}" if unclear else ""
    print(json.dumps({"outcome": Explanation.NOTHING, "reason": text}) if as_json else f"{text}.")
    return 3


def _plain(result: Result) -> dict[str, object]:
    """Return the result as JSON tells it; probabilities and effects are fractions."""
    followed, search, posterior = result.followed, result.search, result.posterior

    def commit(position: int) -> dict[str, object]:
        found = result.line[position - 1]
        return {"sha": found.sha, "author": found.author, "subject": found.subject}

    suspects = []
    for position, probability in posterior.suspects():
        effect, low, high = posterior.effect(position)
        suspects.append(commit(position) | {"probability": probability, "effect": effect, "low": low, "high": high})
    measured = []
    for position, (found, pairs) in search.measured.items():
        measured.append(commit(position) | {"log_ratio": found.value, "error": found.error, "pairs": pairs})
    whole = followed.decision
    return {
        "outcome": posterior.explanation,
        "reason": search.stopped,
        "good": result.good,
        "bad": result.line[-1].sha,
        "commits": len(result.line),
        "benchmark": followed.label,
        "metric": followed.metric,
        "between_ends": {"effect": whole.effect, "low": whole.low, "high": whole.high},
        "suspects": suspects,
        "nothing": posterior.nothing,
        "several": posterior.several,
        "merged": result.branch,
        "measured": measured,
        "skipped": [commit(position) | {"reason": reason} for position, reason in sorted(search.skipped.items())],
        "slower_too": followed.others,
    }


def _print(result: Result) -> None:
    out, search = terminal.console(), result.search
    for text in _conclusion(result):
        out.print(Text(text))
    out.print()
    table = terminal.table("commit", ["subject"], ["against good", "95 % interval", "pairs"])
    measured = search.measured
    for position in sorted({*measured, *search.skipped}):
        found, pairs = measured.get(position, (None, 0))
        table.add_row(
            result.sha(position),
            Text(plain(result.line[position - 1].subject, 60)),
            percent(math.expm1(found.value)) if found else "skipped",
            _around(found) if found else "",
            str(pairs or "–"),
        )
    terminal.show(out, table)
    for position, reason in sorted(search.skipped.items()):
        out.print(Text(f"{result.sha(position)} cannot be measured: {_short(reason)}", style="dim"))
    if others := result.followed.others:
        named = ", ".join(plain(label) for label in others[:NAMED])
        out.print(Text(f"{len(others)} more got slower between the ends, but less: {named}", style="dim"))


def _conclusion(result: Result) -> Iterator[str]:
    """Yield the answer, a sentence a line."""
    posterior, label = result.posterior, plain(result.followed.label)
    suspects = posterior.suspects()
    likeliest, probability = suspects[0]
    culprit = result.line[likeliest - 1]
    if posterior.explanation is Explanation.FOUND:
        effect, low, high = posterior.effect(likeliest)
        yield f"{culprit.sha[:10]} made {label} slower: {percent(effect)} {interval(low, high)}"
        yield f"{plain(culprit.author)}: {plain(culprit.subject)}"
        yield f"probability {chance(probability)}"
        if parted := result.branch:
            yield f"It is a merge. Its branch can be searched: perfgate bisect {parted[0][:10]} {parted[1][:10]}"
        return
    if posterior.explanation is Explanation.SEVERAL:
        yield f"No single commit explains it (probability {chance(posterior.several)}); search each stretch by itself:"
        yield from (f"  perfgate bisect {result.sha(low)} {result.sha(high)}" for low, high in posterior.steps())
        return
    if posterior.explanation is Explanation.NOTHING:
        yield f"Measured again, {label} is no slower (probability {chance(posterior.nothing)})."
        return
    named = ", ".join(f"{result.sha(position)} ({chance(likely)})" for position, likely in suspects[:NAMED])
    more = f" and {len(suspects) - NAMED} more" if len(suspects) > NAMED else ""
    yield f"Not proved. Near: one of {named}{more}"
    yield f"It ended because {result.search.stopped}."
