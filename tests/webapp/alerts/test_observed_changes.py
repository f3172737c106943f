"""The series of one environment are read together: the machine, small shared changes, and drift have their own alerts."""

from __future__ import annotations

from typing import Any

import numpy as np

from perfgate.results.records import Direction, Environment, Metric
from standin import StandIn
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts import actions, detection, series_search
from webapp.alerts.levels import deviations
from webapp.alerts.models import Alert, AlertKind, AlertState, StoredChangePoint
from webapp.history.models import Run, Series

BENCHMARKS = 20


def upload(lab: Lab, commits: int, levels: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[Run]:
    """Store a run for each commit; *levels* has shape (commits, benchmarks)."""
    return upload_range(lab, range(commits), levels)


def upload_range(
    lab: Lab, commits: range, levels: np.ndarray[tuple[int, int], np.dtype[np.float64]], **fields: Any
) -> list[Run]:
    rows = {n: {f"bench.time_{i:02}": float(level) for i, level in enumerate(levels[n])} for n in commits}
    return lab.upload_all(rows, **fields)


def noisy(commits: int, noise: float, *, seed: int = 5) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.exp(noise * np.random.default_rng(seed).standard_normal((commits, BENCHMARKS)))


def test_a_small_shared_change_is_one_alert(lab: Lab) -> None:
    """Eight of twenty series change by less than their noise at one commit: one alert there, with most of them."""
    levels = noisy(100, 0.02)
    levels[60:, :8] *= 1.022
    upload(lab, 100, levels)
    lab.work()

    (alert,) = Alert.objects.filter(kind=AlertKind.REGRESSION)
    labels = set(alert.change_points.values_list("series__benchmark__label", flat=True))
    assert abs((alert.commit.generation or 0) - 61) <= 2
    assert len(labels & {f"bench.time_{i:02}" for i in range(8)}) >= 5
    assert len(labels) <= 9


def test_a_change_of_the_whole_suite_is_the_machine(lab: Lab, github: StandIn) -> None:
    """It has one alert of its kind and none about code, it requests a remeasurement, and no series deviates by it."""
    github.add_workflow(NAME, "perfgate.yml", "base", "head", "suite", "select")
    levels = noisy(60, 0.005)
    levels[50:] *= 1.1
    upload(lab, 60, levels)
    lab.work()

    alert = Alert.objects.get()
    assert ("runner", sha(50)) == (alert.kind, alert.commit.sha)
    assert BENCHMARKS == alert.change_points.count()
    assert [(sha(49), sha(50))] == [
        (dispatch.inputs["base"], dispatch.inputs["head"]) for dispatch in github.dispatches(NAME)
    ]
    numbers = list(Series.objects.values_list("pk", flat=True))
    assert [0.0] * BENCHMARKS == [standing.step for standing in deviations(numbers).values()]


def test_code_is_told_from_the_machine_at_the_same_commit(lab: Lab) -> None:
    """A series that doubles while all others rise by a tenth has an alert of its own."""
    levels = noisy(60, 0.005)
    levels[40:] *= 1.1
    levels[40:, 3] *= 2
    upload(lab, 60, levels)
    lab.work()

    code = Alert.objects.get(kind=AlertKind.REGRESSION)
    assert ["bench.time_03"] == list(code.change_points.values_list("series__benchmark__label", flat=True))
    assert BENCHMARKS - 1 == Alert.objects.get(kind=AlertKind.RUNNER).change_points.count()


def test_a_machine_that_returns_is_fixed(lab: Lab) -> None:
    """When the common level returns, the alert is fixed, with the commit at which it did."""
    levels = noisy(80, 0.005)
    levels[30:55] *= 1.1
    upload(lab, 80, levels)
    lab.work()

    alert = Alert.objects.get()
    assert ("runner", "fixed", sha(55)) == (alert.kind, alert.state, alert.closed_by and alert.closed_by.sha)


def test_drift_of_several_series_is_one_alert(lab: Lab) -> None:
    """Two series that drift beyond the budget have one alert of that kind; one that stays within it has none."""
    levels = noisy(60, 0.004)
    levels[:, 4] *= np.exp(0.002 * np.arange(60))
    levels[:, 9] *= np.exp(0.0015 * np.arange(60))
    levels[:, 14] *= np.exp(0.0003 * np.arange(60))
    upload(lab, 60, levels)
    lab.work()

    alert = Alert.objects.get()
    assert AlertKind.DRIFT == alert.kind
    assert {"bench.time_04", "bench.time_09"} == set(
        alert.change_points.values_list("series__benchmark__label", flat=True)
    )


def test_drift_is_kept_across_machine_changes(lab: Lab) -> None:
    """Drift on the old machine stays open, though the new machine has its own level."""
    levels = noisy(80, 0.004)
    levels[:, 4] *= np.exp(0.002 * np.arange(80))
    upload(lab, 60, levels[:60])
    lab.work()
    new = Environment(name="runner", fields={"cpu": "new"})
    upload_range(lab, range(60, 80), 0.5 * levels, environment=new)
    lab.work()

    assert [("drift", True)] == [(found.kind, found.is_open) for found in Alert.objects.all()]


def test_drift_counts_anew_after_it_was_accepted(lab: Lab) -> None:
    """Accepted drift keeps its alert and gets no other; further drift has an alert of its own."""
    levels = noisy(120, 0.004)
    levels[:, 4] *= np.exp(0.002 * np.arange(120))
    upload(lab, 60, levels[:60])
    lab.work()
    alert = Alert.objects.get()
    actions.decide(alert, AlertState.ACCEPTED, who="ada", reason="worth it")
    upload_range(lab, range(60, 75), levels)
    lab.work()
    assert ["accepted"] == list(Alert.objects.values_list("state", flat=True))

    upload_range(lab, range(75, 120), levels)
    lab.work()

    assert ["accepted"] == [found.state for found in Alert.objects.filter(pk=alert.pk)]
    assert 1 == Alert.objects.filter(kind=AlertKind.DRIFT).exclude(pk=alert.pk).count()


def test_detecting_again_changes_nothing(lab: Lab) -> None:
    """Neither with the cache of searches nor without it."""
    levels = noisy(60, 0.005)
    levels[40:] *= 1.1
    runs = upload(lab, 60, levels)
    lab.work()
    before = list(StoredChangePoint.objects.order_by("pk").values())

    detection.detect(lab.project, runs[-1:])
    series_search.clear_cache()
    detection.detect(lab.project, runs[:1])

    assert before == list(StoredChangePoint.objects.order_by("pk").values())


def test_the_machine_is_recognized_whichever_direction_is_bad(lab: Lab) -> None:
    """A throughput that falls in all benchmarks is the machine, too."""
    rate = Metric(name="rate", unit="1/s", direction=Direction.HIGHER)
    rng = np.random.default_rng(8)
    levels = np.exp(0.005 * rng.standard_normal((60, 12)))
    levels[40:] *= 0.9
    upload_range(lab, range(60), levels, metric=rate)
    lab.work()

    assert ["runner"] == list(Alert.objects.values_list("kind", flat=True))
