"""Stored points become stored change points."""

from __future__ import annotations

from typing import Any

import pytest

from perfgate.results.metrics import extra_info
from perfgate.results.records import Direction, Environment, Metric
from tests.webapp.lab import Lab
from webapp.alerts import detection
from webapp.alerts.models import Alert, StoredChangePoint
from webapp.history.models import Run
from webapp.worker import processing, tasks

STEP = [1.0] * 12 + [1.2] * 12


def rows() -> list[tuple[Any, ...]]:
    return [*StoredChangePoint.objects.order_by("pk").values_list(), *Alert.objects.order_by("pk").values_list()]


def test_a_step_is_one_change_point(lab: Lab) -> None:
    """A lasting step is stored as one change point with the runs on either side of it."""
    runs = lab.history(STEP)
    lab.work()

    found = StoredChangePoint.objects.get()
    assert (runs[12], runs[11], 12, True) == (found.run, found.previous_run, found.position, found.regression)
    assert found.low < 0.2 < found.high
    assert pytest.approx(1.2, rel=0.01) == found.after


def test_processing_again_changes_nothing(lab: Lab) -> None:
    """Runs processed twice, in the opposite order, and all of them as a backlog, leave every row as it was."""
    lab.history(STEP)
    lab.work()
    before = rows()

    for number in Run.objects.order_by("-pk").values_list("pk", flat=True)[::4]:
        Run.objects.filter(pk=number).update(processed_at=None)
        tasks.process_run(number)
        tasks.process_run(number)
    Run.objects.update(processed_at=None)
    processing.process_backlog(lab.project, wait_for_imports=False)

    assert before == rows()
    assert not Run.objects.filter(processed_at=None).exists()


def test_the_order_of_arrival_does_not_matter(lab: Lab) -> None:
    """Runs that arrive in any order, and are processed in between, give one change point at the same commit."""
    order = [*range(0, 24, 2), *range(23, 0, -2)]
    for start in range(0, 24, 4):
        lab.upload_all({number: {"parse": STEP[number]} for number in order[start : start + 4]})
        lab.work()

    found = StoredChangePoint.objects.get()
    assert "Change 12" == found.run.commit.subject
    assert found.run.commit == Alert.objects.get(state="confirmed").commit


def test_a_new_environment_is_no_change(lab: Lab) -> None:
    """A step at which the machine changed starts a segment and is no change point."""
    for cpu, numbers in (("old", range(12)), ("new", range(12, 24))):
        machine = Environment(name="runner", fields={"cpu": cpu})
        lab.upload_all({number: {"parse": STEP[number]} for number in numbers}, environment=machine)
    lab.work()

    assert [] == rows()


def test_an_improvement_opens_no_alert(lab: Lab) -> None:
    """An improvement is stored and belongs to no alert."""
    lab.history(STEP[::-1])
    lab.work()

    found = StoredChangePoint.objects.get()
    assert not found.regression
    assert found.alert is None
    assert not Alert.objects.exists()


def test_higher_may_be_better(lab: Lab) -> None:
    """In a metric where higher is better, a decrease is the regression."""
    throughput = Metric(name="throughput", unit="1/s", direction=Direction.HIGHER)
    lab.upload_all({number: {"parse": level} for number, level in enumerate(STEP[::-1])}, metric=throughput)
    lab.work()

    assert StoredChangePoint.objects.get().regression
    assert 1 == Alert.objects.filter(state="confirmed").count()


def test_a_change_that_moves_stays_the_same_change(lab: Lab) -> None:
    """A change point that is found one commit later keeps its row, and its alert moves with it."""
    runs = lab.history(STEP)
    lab.work()
    before = StoredChangePoint.objects.get()
    StoredChangePoint.objects.update(run=runs[13], previous_run=runs[12], position=13)
    Alert.objects.update(commit=runs[13].commit)

    detection.detect(lab.project, [runs[-1]])

    after = StoredChangePoint.objects.get()
    assert (before.pk, before.alert_id, runs[12]) == (after.pk, after.alert_id, after.run)
    assert runs[12].commit == Alert.objects.get().commit


def test_only_the_environment_and_branch_of_a_run_are_read(lab: Lab) -> None:
    """A run is read together with the series of its environment and branch, and with no others."""
    lab.upload(1, {"a": 1.0}, environment=Environment(name="other", fields={"cpu": "d"}))
    run = lab.upload(2, {"b": 1.0, "c": 1.0})

    assert [(run.environment_id, run.branch)] == detection.groups_of([run])


def test_the_series_of_a_superseded_run_are_read_again(lab: Lab) -> None:
    """Also if the run that supersedes it does not have the benchmark."""
    lab.history(STEP[:23])
    lab.upload(23, {"parse": 1.2}, key="last")
    lab.work()
    old = StoredChangePoint.objects.get().run
    Run.objects.filter(pk=old.pk).update(key="x" * 64)
    newer = lab.upload(12, {"other": 1.0})
    Run.objects.filter(pk=old.pk).update(superseded_by=newer)

    series = StoredChangePoint.objects.get().series
    assert (series.environment_id, series.branch) in detection.groups_of([newer])


def test_a_number_that_a_test_keeps_opens_no_alert(lab: Lab) -> None:
    """Which way is better is unknown."""
    lab.upload_all({number: {"parse": value} for number, value in enumerate(STEP)}, metric=extra_info("rows"))
    lab.work()

    assert [] == rows()
