"""What a bisection has found so far, computed from the runs that arrived from any uploader.

`perfgate bisect` does the same in a clone. The commit to measure next is the one whose measurement is expected to tell
most (`perfgate.stats.bisection`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

import msgspec

from perfgate.formatting import chance, interval, percent
from perfgate.github import RangeCommit
from perfgate.stats.bisection import CommitMeasurement, Explanation, Posterior
from webapp.alerts.models import Alert
from webapp.alerts.remeasurement import comparisons, metric_key
from webapp.history.models import Run
from webapp.measurements.bisection_cost import BisectionCost, bisection_cost
from webapp.measurements.models import Bisection, Measurement
from webapp.verdicts import judgments

MAX_MEASUREMENTS_PER_COMMIT = 3
"""How often one commit is measured."""

FIRST_ERROR = 0.007
"""Standard error that is expected of the first measurement: that of the gate at its default budget."""

MAX_NAMED_SUSPECTS = 3
"""Number of suspects that the conclusion names if none is proved."""

_NORMAL = 1.96
_LOWEST = -0.999_999
"""Smallest effect whose logarithm is used."""

State = Measurement.State


@dataclass(frozen=True)
class MeasuredCommit:
    """One measurement of one commit beside the base."""

    position: int
    """1: the first commit after the base."""
    sha: str
    run: int
    """`Run` id."""
    effect: float
    low: float
    high: float
    """Commit ÷ base − 1, with its 95 % confidence interval."""


@dataclass(frozen=True)
class BisectionProgress:
    """What is known at one moment."""

    bisection: Bisection
    commits: Sequence[RangeCommit]
    """The suspects, oldest first."""
    measured: Sequence[MeasuredCommit] = ()
    """By position."""
    requested: Sequence[Measurement] = ()
    """By number."""
    unmeasurable: Sequence[int] = ()
    """Positions that were measured without a usable result, or whose measurement expired."""
    is_waiting: bool = False
    """Whether the result of a requested measurement can still arrive."""
    refusal: str = ""
    """Why GitHub does not start the workflow, in its words."""

    @cached_property
    def posterior(self) -> Posterior:
        """The probability of each explanation, given all measurements and the change that the history shows."""
        ends = _commit_measurement(len(self.commits), self.bisection.low, self.bisection.high)
        return Posterior(len(self.commits), [ends, *self._measurements])

    @cached_property
    def _measurements(self) -> list[CommitMeasurement]:
        return [_commit_measurement(commit.position, commit.low, commit.high) for commit in self.measured]

    @property
    def cost(self) -> BisectionCost:
        """What the whole bisection costs."""
        return bisection_cost(len(self.commits))

    @property
    def next_position(self) -> int | None:
        """The position to measure now; None: none, or none yet."""
        if self.is_waiting or self.refusal or not self._can_learn_more:
            return None
        errors = [measurement.error for measurement in self._measurements]
        choice = self.posterior.choose(
            error=median(errors) if errors else FIRST_ERROR, without={*self.unmeasurable, *self._exhausted}
        )
        return choice[0] if choice else None

    @property
    def _can_learn_more(self) -> bool:
        """Return whether the question is open, and the limit of measurements is not reached."""
        return self.posterior.explanation is Explanation.OPEN and len(self.requested) < self.cost.most

    @property
    def _exhausted(self) -> list[int]:
        """Return the positions that were measured as often as is allowed."""
        counts = Counter(commit.position for commit in self.measured)
        return [position for position, count in counts.items() if count >= MAX_MEASUREMENTS_PER_COMMIT]

    @property
    def is_over(self) -> bool:
        """Whether no further measurement will be requested."""
        return not self.is_waiting and self.next_position is None

    @property
    def suspects(self) -> Iterator[tuple[RangeCommit, float]]:
        """The fewest commits that hold 95 % of the probability of all single commits, likeliest first."""
        for position, probability in self.posterior.suspects():
            yield self.commits[position - 1], probability

    @property
    def culprit(self) -> RangeCommit | None:
        """The commit that is proved to be the cause, None if none is."""
        return next(self.suspects)[0] if self.posterior.explanation is Explanation.FOUND else None

    @property
    def conclusion(self) -> str:
        """What is known, as a sentence without untrusted text."""
        posterior, after = self.posterior, f"after {_measurements_text(len(self.measured))}"
        if posterior.explanation is Explanation.FOUND:
            position, probability = posterior.suspects()[0]
            effect, low, high = posterior.effect(position)
            moved = f"{percent(effect)} {interval(low, high)}"
            return f"{self._short_sha(position)} is the cause: {moved}, probability {chance(probability)}, {after}."
        if posterior.explanation is Explanation.NOTHING:
            return (
                f"Measured beside its base, no commit of the range changed it ({chance(posterior.nothing)}), {after}."
            )
        if posterior.explanation is Explanation.SEVERAL:
            steps = " and ".join(f"{self._short_sha(low)}..{self._short_sha(high)}" for low, high in posterior.steps())
            return f"No single commit explains it ({chance(posterior.several)}), {after}: see {steps}."
        likeliest = posterior.suspects()[:MAX_NAMED_SUSPECTS]
        named = ", ".join(f"{self._short_sha(position)} ({chance(probability)})" for position, probability in likeliest)
        return f"Not proved, {after}; near: {named}."

    def _short_sha(self, position: int) -> str:
        return (self.commits[position - 1].sha if position else self.bisection.base)[:10]


def newest_progress(alert: Alert) -> BisectionProgress | None:
    """Return the progress of the alert's newest bisection, None if there was none."""
    bisection = Bisection.objects.filter(alert=alert).order_by("-pk").first()
    return None if bisection is None else read_progress(bisection)


def read_progress(bisection: Bisection) -> BisectionProgress:
    """Return the progress of a bisection; call `lifecycle.record_answers` before to see the newest answers."""
    commits = msgspec.convert(bisection.commits, list[RangeCommit])
    positions = {commit.sha: position for position, commit in enumerate(commits, 1)}
    measured: list[MeasuredCommit] = []
    unusable: set[int] = set()
    runs = comparisons(bisection.project).filter(baseline_commit__sha=bisection.base, commit__sha__in=positions)
    for run in runs:
        unusable.add(positions[run.commit.sha])
        measured.extend(_measured_commits(bisection, run, positions[run.commit.sha]))
    requested = list(Measurement.objects.filter(bisection=bisection).order_by("number"))
    unusable |= {positions[measurement.head] for measurement in requested if measurement.state == State.EXPIRED}
    refusals = [measurement.refusal for measurement in requested if measurement.state == State.REFUSED]
    return BisectionProgress(
        bisection=bisection,
        commits=commits,
        measured=sorted(measured, key=lambda commit: (commit.position, commit.run)),
        requested=requested,
        unmeasurable=sorted(unusable - {commit.position for commit in measured}),
        is_waiting=any(measurement.state in {State.REQUESTED, State.DISPATCHED} for measurement in requested),
        refusal=refusals[-1] if refusals else "",
    )


def _measured_commits(bisection: Bisection, run: Run, position: int) -> Iterator[MeasuredCommit]:
    """Yield what a run says about the benchmark that the bisection follows."""
    followed = metric_key(bisection.label, bisection.metric)
    for row in judgments.read(run.verdict).rows:
        if metric_key(row.label, row.metric) != followed:
            continue
        if row.effect is not None and row.confidence_interval is not None:
            yield MeasuredCommit(position, run.commit.sha, run.pk, row.effect, *row.confidence_interval)


def _commit_measurement(position: int, low: float, high: float) -> CommitMeasurement:
    first, last = math.log1p(max(low, _LOWEST)), math.log1p(max(high, _LOWEST))
    return CommitMeasurement(position, (first + last) / 2, (last - first) / (2 * _NORMAL))


def _measurements_text(count: int) -> str:
    return f"{count} measurement{'' if count == 1 else 's'}"
