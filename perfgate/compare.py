"""Compare two result files that were measured apart: what ``perfgate compare`` does, for any program.

Such files never earn a verdict: see `perfgate.stats.compare`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from perfgate.results.records import Direction, Run, Sample, SampleState
from perfgate.stats.compare import compare_files


@dataclass(frozen=True, kw_only=True)
class Change:
    """How the candidate of one benchmark and metric differs from the baseline."""

    effect: float | None
    """Candidate ÷ baseline − 1; None where the baseline is 0."""
    low: float | None
    high: float | None
    """Ends of the 95 % confidence interval; None where there is none."""
    is_better: bool
    """Whether the difference is in the good direction."""
    processes: tuple[int, int]
    """Number of processes of the baseline and of the candidate."""


@dataclass(frozen=True, kw_only=True)
class ComparedRow:
    """One benchmark and metric that is in at least one of the files."""

    benchmark: str
    metric: str
    unit: str
    baseline: float | None
    candidate: float | None
    """Values, in *unit*; None where there is none."""
    sizes: tuple[int | None, int | None]
    """Measurements behind both values; None where the tool does not say."""
    change: Change | None
    """None where the two cannot be compared."""
    reason: str
    """Why they cannot be compared, or what weakens the comparison."""

    @property
    def effect(self) -> float | None:
        """Return the effect size; None where there is none."""
        return self.change.effect if self.change else None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The result of `compare`."""

    baseline: Run
    candidate: Run
    rows: tuple[ComparedRow, ...]
    """The largest effect first."""
    environment_differences: Mapping[str, tuple[str, str]]
    """Fields that forbid a verdict, with the candidate's value and the baseline's."""


def compare(baseline: Run, candidate: Run) -> Comparison:
    """Return how the candidate's values differ from the baseline's.

    Args:
        baseline: What `perfgate.results.formats.read_results` read from one file.
        candidate: What it read from the other.
    """
    before, after = _by_identity(baseline), _by_identity(candidate)
    rows = [_row(identity, before.get(identity), after.get(identity)) for identity in {**before, **after}]
    rows.sort(key=lambda row: -abs(row.effect or 0.0))
    return Comparison(
        baseline=baseline,
        candidate=candidate,
        rows=tuple(rows),
        environment_differences=candidate.environment.differences(baseline.environment),
    )


def most_processes(run: Run) -> int:
    """Return the number of processes of the benchmark that has most of them."""
    return max((len(sample.rounds) for sample in run.samples), default=0) or 1


def _by_identity(run: Run) -> dict[tuple[str, str, str], Sample]:
    return {(sample.benchmark.label, sample.metric.name, sample.metric.unit): sample for sample in run.samples}


def _row(identity: tuple[str, str, str], old: Sample | None, new: Sample | None) -> ComparedRow:
    change, reason = None, _obstacle(old, new)
    if old and new and not reason:
        change, reason = _change(old, new)
    benchmark, metric, unit = identity
    return ComparedRow(
        benchmark=benchmark,
        metric=metric,
        unit=unit,
        baseline=old.value if old else None,
        candidate=new.value if new else None,
        sizes=(_size(old), _size(new)),
        change=change,
        reason=reason,
    )


def _size(sample: Sample | None) -> int | None:
    """Return how many measurements a sample has; None where the tool does not say."""
    if sample is None:
        return None
    return sum(map(len, sample.rounds)) or int(sample.statistics.get("rounds", 0)) or None


def _obstacle(old: Sample | None, new: Sample | None) -> str:
    """Return why two samples cannot be compared; empty if they can."""
    if old is None:
        return "only in the candidate"
    if new is None:
        return "only in the baseline"
    for side, sample in (("baseline", old), ("candidate", new)):
        if sample.state is not SampleState.MEASURED:
            return f"{sample.state} in the {side}"
    if old.benchmark.version and new.benchmark.version and old.benchmark.version != new.benchmark.version:
        return "the benchmark itself changed between the two"
    return ""


def _change(old: Sample, new: Sample) -> tuple[Change, str]:
    """Return the change, and what weakens it."""
    found = compare_files(_processes(old), _processes(new))
    change = Change(
        effect=None if math.isnan(found.effect) else found.effect,
        low=found.low,
        high=found.high,
        is_better=(found.effect < 0) is (old.metric.direction is Direction.LOWER),
        processes=found.processes,
    )
    return change, found.reason


def _processes(sample: Sample) -> list[float]:
    """Return one level for each process; a tool that kept no measurements leaves one."""
    assert sample.value is not None
    return [median(one_round) for one_round in sample.rounds] if len(sample.rounds) > 1 else [sample.value]
