"""Import a history, detect its changes, and compare them with what asv published. Django must be set up before import."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.db.models import F

from benchmarks.published import asv, reasons
from benchmarks.published.asv import Published, PublishedStep
from benchmarks.published.reasons import PointHistory
from webapp.alerts.models import Alert, AlertState, StoredChangePoint
from webapp.alerts.states import log_worsening
from webapp.history import imports
from webapp.history.models import Project, Series
from webapp.history.series import read_many
from webapp.worker import processing

ASV_THRESHOLD = 0.05
"""Smallest regression that asv publishes."""

Key = tuple[str, str, str]
"""Benchmark, machine, Python: asv has one graph for each."""


@dataclass(frozen=True)
class SeriesChanges:
    """A series and the changes that perfgate found in it."""

    key: Key
    history: PointHistory
    changes: Sequence[StoredChangePoint]
    """Oldest first."""

    @property
    def worse(self) -> dict[int, StoredChangePoint]:
        """Return the changes for the worse, by position."""
        return {change.position: change for change in self.changes if change.regression}


def table(results: Path, published: Path) -> str:
    """Return the comparison, in Markdown."""
    site = asv.read(published)
    project = Project.objects.create(slug="django")
    for _ in imports.import_results(project, results, commits=site.commits):
        pass
    processing.process_backlog(project, wait_for_imports=False)
    every = _changes(project)
    rows, matched = [], {}
    for step in site.steps:
        change, text = _match(step, every)
        rows.append(_row(step, site, text))
        if change is not None:
            matched[step] = change
    head = ["| | benchmark | machine, Python | asv: commits, step | perfgate |", "|---|---|---|---|---|"]
    return "\n".join([_summary(site, matched), "", *head, *rows, "", *_others(project, site, every, matched)])


def _changes(project: Project) -> list[SeriesChanges]:
    revisions = dict(project.commits.values_list("pk", F("generation") - 1))
    changes = defaultdict(list)
    of_project = StoredChangePoint.objects.filter(series__environment__project=project)
    related = of_project.select_related("alert__closed_by", "run__commit", "series__benchmark")
    for change in related.order_by("position"):
        changes[change.series_id].append(change)
    series = list(Series.objects.filter(environment__project=project).select_related("environment", "benchmark"))
    points = read_many([row.pk for row in series])
    return [
        SeriesChanges(
            key=_key(row),
            history=PointHistory(
                revisions=np.array([revisions[commit] for commit in points[row.pk].commits], np.int64),
                values=points[row.pk].values,
                segments=points[row.pk].segments.astype(np.int64),
            ),
            changes=changes[row.pk],
        )
        for row in series
    ]


def _key(series: Series) -> Key:
    machine, _, environment = series.environment.name.partition("/")
    python = re.search(r"-py(\d+\.\d+)", environment)
    return series.benchmark.label, machine, python[1] if python else ""


def _match(step: PublishedStep, every: Sequence[SeriesChanges]) -> tuple[StoredChangePoint | None, str]:
    """Return our change point at a published step, and its description or why there is none.

    asv joins the environments of one Python. perfgate has one series for each; the first that shows the step counts.
    """
    why_not = []
    for series in every:
        if series.key == (step.benchmark, step.machine, step.python):
            at = reasons.place(series.history, step.before, step.after, list(series.worse))
            if at is not None:
                return series.worse[at], _described(series.worse[at], step, series.history)
            why_not.append(reasons.why_not(series.history, step.after, step.effect, list(series.worse)))
    return None, f"– {'; '.join(sorted(set(why_not))) or 'no such series in the archive of results'}"


def _described(change: StoredChangePoint, step: PublishedStep, history: PointHistory) -> str:
    assert change.alert is not None
    away = change.position - int(np.searchsorted(history.revisions, step.after))
    where = f", {reasons.distance(away)}" if away else ""
    back = f" by `{change.alert.closed_by.sha[:8]}`" if change.alert.closed_by else ""
    return f"`{change.run.commit.sha[:8]}`{where}: {change.effect:+.1%}, alert {change.alert.pk} {change.alert.state}{back}"


def _row(step: PublishedStep, site: Published, text: str) -> str:
    first, last = (site.hashes.get(revision, "")[:8] for revision in (step.before, step.after))
    name = ".".join(step.benchmark.split(".")[-2:])
    commits = f"`{first}`..`{last}`" if first else f"`{last}`"
    return f"| {step.regression} | `{name}` | {step.machine}, {step.python} | {commits} {step.effect:+.1%} | {text} |"


def _summary(site: Published, matched: Mapping[PublishedStep, StoredChangePoint]) -> str:
    every = {step.regression for step in site.steps}
    whole = every - {step.regression for step in site.steps if step not in matched}
    alerts = {change.alert_id for change in matched.values()}
    return (
        f"asv published {len(every)} regressions, of {len(site.steps)} steps. perfgate has a change point at"
        f" {len(matched)} of the steps, which are all steps of {len(whole)} regressions; they belong to"
        f" {len(alerts)} alerts."
    )


def _others(
    project: Project,
    site: Published,
    every: Sequence[SeriesChanges],
    matched: Mapping[PublishedStep, StoredChangePoint],
) -> list[str]:
    """Return the alerts without a published regression, counted by reason."""
    known = {change.alert_id for change in matched.values()}
    alerts = Alert.objects.filter(project=project).exclude(state__in=(AlertState.WITHDRAWN, AlertState.MERGED))
    reasons_of = defaultdict(Counter[str])
    for series in every:
        for change in series.worse.values():
            reasons_of[change.alert_id][_unpublished(change, series, site)] += 1
    counted = Counter(reasons_of[alert.pk].most_common(1)[0][0] for alert in alerts if alert.pk not in known)
    intro = f"Of {len(alerts)} alerts of perfgate, {len(known)} hold a step that asv published."
    return [
        f"{intro} The other {counted.total()}, each by the reason of most of its series:",
        "",
        "| alerts | why asv does not publish it |",
        "|---|---|",
        *(f"| {count} | {reason} |" for reason, count in counted.most_common()),
    ]


def _unpublished(change: StoredChangePoint, series: SeriesChanges, site: Published) -> str:
    """Return why asv does not publish a change for the worse."""
    if change.series.benchmark.name not in site.benchmarks:
        return "the suite no longer has the benchmark"
    if log_worsening(change) < math.log1p(ASV_THRESHOLD):
        return f"the step is smaller than {ASV_THRESHOLD:.0%}, asv's threshold"
    if sum(log_worsening(other) for other in series.changes if other.position >= change.position) < math.log1p(
        ASV_THRESHOLD
    ):
        return (
            f"the series ends less than {ASV_THRESHOLD:.0%} above the level before it: asv publishes what still stands"
        )
    return "asv's steps do not show it"
