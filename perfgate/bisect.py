"""Find the commit that made a benchmark slower: what ``perfgate bisect`` does, for any program.

The good end is compared with the bad one; the benchmark that got slower most is followed. Then commits between them are
measured in live pairs against the good end until one is proved to be the cause.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perfgate import gate, git
from perfgate.errors import MeasurementFailed
from perfgate.gate import pairing
from perfgate.measure import PairFailed, Pairs, open_pairs
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import MeasurementProgress, PairProgress, report_stages
from perfgate.results.records import Commit
from perfgate.stats.bisection import Explanation, Posterior
from perfgate.stats.judgments import BenchmarkJudgment, Judgment, SuiteJudgment
from perfgate.stats.pairs import CannotMeasure, Pair, pair_value
from perfgate.stats.search import CostEstimate, CulpritSearch, TakePair, VisitResult
from perfgate.stats.sequential import judge_suite

SMALLEST_SLOWDOWN = 0.01
"""Slowdown between the two ends, as a fraction, from which a search is worthwhile."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """The benchmark whose slowdown is searched for, and how both ends compare."""

    label: str
    metric: str
    decision: BenchmarkJudgment
    values: tuple[float, ...]
    """Log ratio of each pair, bad ÷ good."""
    pair_seconds: float
    """Average time of a pair."""
    prepare_seconds: float
    """Time until the first pair could be taken."""
    others: tuple[str, ...]
    """Labels that got slower too, but less."""


@dataclass(frozen=True, kw_only=True)
class SearchStarted:
    """Both ends were compared, and commits between them are going to be measured."""

    followed: Followed
    commits: int
    """How many may be the cause."""
    forecast: CostEstimate


@dataclass(frozen=True, kw_only=True)
class SearchStep:
    """A commit was measured, or could not be."""

    commit: Commit
    step: VisitResult


BisectCallback = Callable[[MeasurementProgress | SearchStarted | SearchStep], None]
"""Is told what is being done and what was found so far."""


@dataclass(frozen=True, kw_only=True)
class NoSlowdown:
    """The result of `bisect` where no benchmark is surely slower at the bad end."""

    decisions: SuiteJudgment


@dataclass(frozen=True, kw_only=True)
class Bisected:
    """The result of `bisect`."""

    good: str
    """The good end's hash."""
    commits: tuple[Commit, ...]
    """The commits after the good end, oldest first, the bad end last; position *i* of the search is element *i* − 1."""
    followed: Followed
    search: CulpritSearch
    posterior: Posterior
    branch: tuple[str, str] | None
    """Both ends of the branch that the likeliest commit merged; None if it is no merge."""

    def sha(self, position: int) -> str:
        """Return the first ten characters of the hash at a position; 0 is the good end."""
        return (self.commits[position - 1].sha if position else self.good)[:10]

    @property
    def is_found(self) -> bool:
        """Whether one commit is proved to be the cause."""
        return self.posterior.explanation is Explanation.FOUND


def bisect(
    repository: Path,
    good: str,
    bad: str = "HEAD",
    *,
    options: MeasureOptions | None = None,
    time_budget_seconds: float | None = None,
    progress: BisectCallback | None = None,
) -> Bisected | NoSlowdown:
    """Return which commit after *good*, up to *bad*, made a benchmark slower.

    Args:
        repository: The developer's work tree, or any folder in it.
        good: Revision that is still fast; an ancestor of *bad*.
        bad: Revision that is slow. Its benchmarks are used at every commit.
        options: What is measured and how; None: the defaults.
        time_budget_seconds: Stop after so long; None: there is no limit.
        progress: Is told what is being done and what was found so far.

    Raises:
        InvalidInput: There is no such repository or revision, or *good* is no ancestor of *bad*.
        MeasurementFailed: An end cannot be measured, or no benchmark matches. A retry cannot help.
    """
    search = _Bisection(git.root(repository), good, bad, options or MeasureOptions(), progress or _ignore)
    return search.run(time_budget_seconds)


class _Bisection:
    """One search: the range of commits, and how they are measured."""

    def __init__(self, root: Path, good: str, bad: str, options: MeasureOptions, report: BisectCallback) -> None:
        self._root = root
        self._good = git.resolve(root, good)
        self._commits = git.commits_between(root, good, bad)
        self._bad = self._commits[-1].sha
        self._options = options
        self._report = report

    def run(self, max_seconds: float | None) -> Bisected | NoSlowdown:
        """Compare both ends, then narrow the range down."""
        began = time.monotonic()
        decisions, followed = self._compare_ends(max_seconds)
        if followed is None:
            return NoSlowdown(decisions=decisions)
        left = max_seconds - (time.monotonic() - began) if max_seconds else math.inf
        search = CulpritSearch(
            count=len(self._commits),
            bad=followed.values,
            prepare_seconds=followed.prepare_seconds,
            pair_seconds=followed.pair_seconds,
            max_seconds=max(0.0, left),
        )
        self._report(SearchStarted(followed=followed, commits=search.count, forecast=search.estimate_cost()))
        posterior = search.run(lambda position: self._visit(position, followed), self._report_step)
        likeliest, _ = posterior.suspects()[0]
        return Bisected(
            good=self._good,
            commits=self._commits,
            followed=followed,
            search=search,
            posterior=posterior,
            branch=git.merged_branch(self._root, self._commits[likeliest - 1].sha),
        )

    def _compare_ends(self, max_seconds: float | None) -> tuple[SuiteJudgment, Followed | None]:
        """Measure both ends; return all decisions, and the benchmark that got slower most, if any surely did."""
        taken: dict[str, list[Pair]] = defaultdict(list)
        began = time.monotonic()
        with self._pairs(self._bad, self._options.select) as pairs:
            prepare_seconds = time.monotonic() - began
            labels = {pairing.key(label, metric): label for label, metric in pairs.metrics.items()}
            if not labels:
                raise MeasurementFailed(
                    f"no benchmark matches {self._options.select!r}: 'perfgate run' prints their names"
                )

            def take(key: str) -> Pair:
                taken[key].append(pairs.take(labels[key]))
                return taken[key][-1]

            observer = PairProgress(self._report, labels, max_seconds)
            decisions = judge_suite(
                list(labels),
                observer.observing(take),
                budget=SMALLEST_SLOWDOWN,
                alpha=gate.ALPHA,
                max_seconds=max_seconds,
                extra_seconds=0.0,  # only what surely got slower is followed
                watch=observer.begin_pass,
            )
        return decisions, _slowest(decisions, labels, taken, prepare_seconds)

    @contextmanager
    def _visit(self, position: int, followed: Followed) -> Iterator[TakePair]:
        """Prepare one commit beside the good end; the yielded function returns the log ratio of one more pair."""
        sha = self._commits[position - 1].sha
        with self._pairs(sha, followed.label) as pairs:
            self._report(MeasurementProgress(stage=f"measuring {sha[:10]}"))
            yield lambda: _log_ratio(pairs.take(followed.label), followed.metric)

    @contextmanager
    def _pairs(self, other: str, select: str | None) -> Iterator[Pairs]:
        """Open pairs of the good end and *other*, both with the benchmarks of the bad end.

        Raises:
            PairFailed: A commit between the ends cannot be measured; the search goes on without it.
        """
        options = self._options
        try:
            with open_pairs(
                self._root,
                self._good,
                other,
                benchmarks=self._bad,
                suite=options.suite,
                select=select,
                environment_name=options.environment,
                install=options.install,
                python=options.python,
                progress=report_stages(self._report),
            ) as pairs:
                yield pairs
        except MeasurementFailed as failure:
            if other == self._bad or isinstance(failure, CannotMeasure):
                raise
            raise PairFailed(str(failure)) from failure

    def _report_step(self, step: VisitResult) -> None:
        self._report(SearchStep(commit=self._commits[step.position - 1], step=step))


def _slowest(
    decisions: SuiteJudgment, labels: dict[str, str], taken: dict[str, list[Pair]], prepare_seconds: float
) -> Followed | None:
    """Return the benchmark that got slower most; None if none surely did."""
    slower = [key for key, decision in decisions.items() if decision.outcome is Judgment.REGRESSED]
    if not slower:
        return None
    slower.sort(key=lambda key: -decisions[key].effect)
    worst, decision = slower[0], decisions[slower[0]]
    return Followed(
        label=labels[worst],
        metric=decision.metric,
        decision=decision,
        values=tuple(_log_ratio(pair, decision.metric) for pair in taken[worst]),
        pair_seconds=decision.seconds / decision.pairs,
        prepare_seconds=prepare_seconds,
        others=tuple(labels[key] for key in slower[1:]),
    )


def _log_ratio(pair: Pair, metric: str) -> float:
    return pair_value(pair, wall=metric == "wall_time")


def _ignore(_: MeasurementProgress | SearchStarted | SearchStep) -> None:
    """Report nothing."""
