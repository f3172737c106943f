"""What measuring an alert's range again showed: the verdicts on runs that hold both of its ends, side by side.

A run with a baseline and no pull request is such evidence if its two commits are the alert's range as it stands, or as
it stood when perfgate asked for the measurement. Nobody needs to have asked: it counts whoever uploaded it, and whether
it came before the alert or after.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q, QuerySet

from perfgate.gate import Row
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Project, Run, Series
from webapp.publishing.models import Publication
from webapp.verdicts import judgments

Key = tuple[str, str]
"""A benchmark's label and its metric, all kinds of time counted as one."""

TIMES = {"time", "cpu_time", "wall_time"}

_HASHES = tuple[str, str]
"""Both ends of a range: base, head."""


@dataclass(frozen=True)
class Answer:
    """What the gate says about the series of one alert."""

    regressions: Sequence[StoredChangePoint] = ()
    rows: Mapping[Key, Row] = field(default_factory=dict)
    """The newest verdict's word on each benchmark and metric."""
    runs: Sequence[int] = ()
    """`Run` ids behind it, oldest first."""

    def row(self, series: Series) -> Row | None:
        """Return the gate's row for a series, None: it was not measured again."""
        return self.rows.get(key(series.benchmark.label, series.metric))

    @property
    def is_confirmed(self) -> bool:
        """Whether one of the series is worse by the gate's word, too."""
        return "regressed" in self._judgements()

    @property
    def is_refuted(self) -> bool:
        """Whether none is worse, and at least half of them were measured again and are not."""
        found = self._judgements()
        return "regressed" not in found and 0 < len(found) <= 2 * (found.count("within") + found.count("improved"))

    def _judgements(self) -> list[str]:
        """Return one word for each series, an empty one where it was not measured again."""
        return [row.judgment if (row := self.row(one.series)) else "" for one in self.regressions]


def answers(
    project: Project, alerts: Sequence[Alert], regressions: Mapping[int, Sequence[StoredChangePoint]]
) -> dict[int, Answer]:
    """Return what measuring again showed, by alert.

    Args:
        project: Whose alerts.
        alerts: With their commits loaded.
        regressions: Change points in the bad direction by alert, with series and benchmarks loaded.
    """
    ranges = _ranges(project, alerts)
    by_range = defaultdict(list)
    for run in runs(project).filter(commit__sha__in={head for each in ranges.values() for _, head in each}):
        assert run.baseline_commit is not None
        by_range[run.baseline_commit.sha, run.commit.sha].append(run)
    return {
        alert.pk: _answer(
            sorted((run for each in ranges[alert.pk] for run in by_range[each]), key=lambda run: run.pk),
            regressions.get(alert.pk, ()),
        )
        for alert in alerts
    }


def alerts_of(run: Run) -> list[int]:
    """Return the ids of the alerts whose range *run* holds, so that its verdict is an answer to them."""
    if run.pull_request is not None or run.baseline_commit is None:
        return []
    standing = Alert.objects.filter(project=run.project_id, commit=run.commit, previous_commit=run.baseline_commit)
    asked = Publication.objects.filter(
        project=run.project_id,
        kind=Publication.Kind.DISPATCH,
        ordered=False,
        wanted__inputs__base=run.baseline_commit.sha,
        wanted__inputs__head=run.commit.sha,
    )
    numbers = {int(key.split("/")[1]) for key in asked.values_list("key", flat=True)}
    return sorted(numbers | set(standing.values_list("pk", flat=True)))


def runs(project: Project) -> QuerySet[Run]:
    """Return the judged runs of two commits side by side that no pull request asked for."""
    found = Run.objects.filter(
        Q(pull_request=None) & Q(baseline_commit__isnull=False) & Q(verdict__isnull=False), project=project
    )
    return found.select_related("verdict", "commit", "baseline_commit")


def _ranges(project: Project, alerts: Sequence[Alert]) -> dict[int, set[_HASHES]]:
    found = {
        alert.pk: {(alert.previous_commit.sha, alert.commit.sha)} if alert.previous_commit else set()
        for alert in alerts
    }
    # What a search measures is a part of the range, and says nothing of the whole.
    asked = Publication.objects.filter(project=project, kind=Publication.Kind.DISPATCH, ordered=False)
    for key, wanted in asked.values_list("key", "wanted"):
        number = int(key.split("/")[1])
        if number in found:
            found[number].add((wanted["inputs"]["base"], wanted["inputs"]["head"]))
    return found


def _answer(runs: Sequence[Run], regressions: Sequence[StoredChangePoint]) -> Answer:
    rows = {key(row.label, row.metric): row for run in runs for row in judgments.read(run.verdict).rows}
    return Answer(regressions=regressions, rows=rows, runs=[run.pk for run in runs])


def key(label: str, metric: str) -> Key:
    """Return under what a benchmark and a metric are looked up."""
    return label, "time" if metric in TIMES else metric
