"""A history imported, looked at, and laid beside what asv published. Imported where Django is set up already."""

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
from benchmarks.published.asv import Published, Step
from benchmarks.published.reasons import History
from webapp.alerts.models import Alert, AlertState, StoredChangePoint
from webapp.alerts.states import log_worsening
from webapp.history import imports
from webapp.history.models import Project, Series
from webapp.history.series import read_many
from webapp.worker import processing

ASV_THRESHOLD = 0.05
"""Smallest regression that asv publishes."""

Key = tuple[str, str, str]
"""Benchmark, machine, Python: what asv has one graph for."""


@dataclass(frozen=True)
class Found:
    """A series, and what perfgate found in it."""

    key: Key
    history: History
    changes: Sequence[StoredChangePoint]
    """Oldest first."""

    @property
    def worse(self) -> dict[int, StoredChangePoint]:
        """Return the changes for the worse, by position."""
        return {one.position: one for one in self.changes if one.regression}


def table(results: Path, published: Path) -> str:
    """Return what both say, in Markdown."""
    site = asv.read(published)
    project = Project.objects.create(slug="django")
    for _ in imports.import_results(project, results, commits=site.commits):
        pass
    processing.process_backlog(project, wait_for_imports=False)
    every = _found(project)
    rows, matched = [], {}
    for step in site.steps:
        one, said = _beside(step, every)
        rows.append(_row(step, site, said))
        if one is not None:
            matched[step] = one
    head = ["| | benchmark | machine, Python | asv: commits, step | perfgate |", "|---|---|---|---|---|"]
    return "\n".join([_summary(site, matched), "", *head, *rows, "", *_others(project, site, every, matched)])


def _found(project: Project) -> list[Found]:
    revisions = dict(project.commits.values_list("pk", F("generation") - 1))
    changes = defaultdict(list)
    of_project = StoredChangePoint.objects.filter(series__environment__project=project)
    for one in of_project.select_related("alert__closed_by", "run__commit", "series__benchmark").order_by("position"):
        changes[one.series_id].append(one)
    series = list(Series.objects.filter(environment__project=project).select_related("environment", "benchmark"))
    points = read_many([one.pk for one in series])
    return [
        Found(
            key=_key(one),
            history=History(
                revisions=np.array([revisions[commit] for commit in points[one.pk].commits], np.int64),
                values=points[one.pk].values,
                segments=points[one.pk].segments.astype(np.int64),
            ),
            changes=changes[one.pk],
        )
        for one in series
    ]


def _key(series: Series) -> Key:
    machine, _, environment = series.environment.name.partition("/")
    python = re.search(r"-py(\d+\.\d+)", environment)
    return series.benchmark.label, machine, python[1] if python else ""


def _beside(step: Step, every: Sequence[Found]) -> tuple[StoredChangePoint | None, str]:
    """Return our change point at a published step, and what there is to say.

    asv joins the environments of one Python; we follow each by itself, and the first that knows the step speaks.
    """
    said = []
    for one in every:
        if one.key == (step.benchmark, step.machine, step.python):
            at = reasons.place(one.history, step.before, step.after, list(one.worse))
            if at is not None:
                return one.worse[at], _told(one.worse[at], step, one.history)
            said.append(reasons.why_not(one.history, step.after, step.effect, list(one.worse)))
    return None, f"– {'; '.join(sorted(set(said))) or 'no such series in the archive of results'}"


def _told(one: StoredChangePoint, step: Step, history: History) -> str:
    assert one.alert is not None
    away = one.position - int(np.searchsorted(history.revisions, step.after))
    where = f", {reasons.distance(away)}" if away else ""
    back = f" by `{one.alert.closed_by.sha[:8]}`" if one.alert.closed_by else ""
    return f"`{one.run.commit.sha[:8]}`{where}: {one.effect:+.1%}, alert {one.alert.pk} {one.alert.state}{back}"


def _row(step: Step, site: Published, said: str) -> str:
    first, last = (site.hashes.get(revision, "")[:8] for revision in (step.before, step.after))
    name = ".".join(step.benchmark.split(".")[-2:])
    commits = f"`{first}`..`{last}`" if first else f"`{last}`"
    return f"| {step.regression} | `{name}` | {step.machine}, {step.python} | {commits} {step.effect:+.1%} | {said} |"


def _summary(site: Published, matched: Mapping[Step, StoredChangePoint]) -> str:
    every = {step.regression for step in site.steps}
    whole = every - {step.regression for step in site.steps if step not in matched}
    alerts = {one.alert_id for one in matched.values()}
    return (
        f"asv published {len(every)} regressions, of {len(site.steps)} steps. perfgate has a change point at"
        f" {len(matched)} of the steps, which are all steps of {len(whole)} regressions; they belong to"
        f" {len(alerts)} alerts."
    )


def _others(
    project: Project, site: Published, every: Sequence[Found], matched: Mapping[Step, StoredChangePoint]
) -> list[str]:
    """Return the alerts that asv published nothing of, counted by reason."""
    told = {one.alert_id for one in matched.values()}
    alerts = Alert.objects.filter(project=project).exclude(state__in=(AlertState.WITHDRAWN, AlertState.MERGED))
    reasons_of = defaultdict(Counter[str])
    for series in every:
        for one in series.worse.values():
            reasons_of[one.alert_id][_unpublished(one, series, site)] += 1
    counted = Counter(reasons_of[alert.pk].most_common(1)[0][0] for alert in alerts if alert.pk not in told)
    intro = f"Of {len(alerts)} alerts of perfgate, {len(told)} hold a step that asv published."
    return [
        f"{intro} The other {counted.total()}, each by the reason of most of its series:",
        "",
        "| alerts | why asv does not publish it |",
        "|---|---|",
        *(f"| {count} | {reason} |" for reason, count in counted.most_common()),
    ]


def _unpublished(one: StoredChangePoint, series: Found, site: Published) -> str:
    """Return why asv does not publish a change for the worse."""
    if one.series.benchmark.name not in site.benchmarks:
        return "the suite no longer has the benchmark"
    if log_worsening(one) < math.log1p(ASV_THRESHOLD):
        return f"the step is smaller than {ASV_THRESHOLD:.0%}, asv's threshold"
    if sum(log_worsening(other) for other in series.changes if other.position >= one.position) < math.log1p(
        ASV_THRESHOLD
    ):
        return (
            f"the series ends less than {ASV_THRESHOLD:.0%} above the level before it: asv publishes what still stands"
        )
    return "asv's steps do not show it"
