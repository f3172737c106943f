"""Points are read as arrays in commit order."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from tests.webapp.history.stored import START, run, sha, store
from webapp.history import models, series
from webapp.history.commit_order import project_stamp

pytestmark = pytest.mark.django_db


def test_points_stand_in_commit_order(project: models.Project) -> None:
    """Points are in commit order, whatever the order of arrival; several points of a commit are in the order of arrival."""
    stored = [
        store(project, run(number, {"a": number + place / 10})).run_id for place, number in enumerate((5, 3, 4, 3, 1))
    ]
    one = models.Series.objects.get()
    points = series.read(one)
    assert [1.4, 3.1, 3.3, 4.2, 5.0] == points.values.tolist()
    hours = [(START + timedelta(hours=number)).timestamp() for number in (1, 3, 3, 4, 5)]
    assert points.times.tolist() == hours
    assert points.runs.tolist() == [stored[place] for place in (4, 1, 3, 2, 0)]


def test_the_newest_points_of_many_series(project: models.Project) -> None:
    """The newest points of many series are read at once; a series without points gives empty arrays."""
    for number in range(1, 6):
        store(project, run(number, {"a": float(number), "b": -float(number)}))
    a, b = models.Series.objects.order_by("benchmark__name")
    empty = models.Series.objects.create(
        environment=a.environment, branch="x", benchmark=a.benchmark, metric="time", direction="lower"
    )
    found = series.read_newest([b.pk, empty.pk, a.pk], 2)
    assert {
        a.pk: [4.0, 5.0],
        b.pk: [-4.0, -5.0],
        empty.pk: [],
    } == {series_id: points.values.tolist() for series_id, points in found.items()}
    assert {} == series.read_newest([], 2)


def test_columns_are_the_points_as_json(project: models.Project) -> None:
    """The columns have the values that `read` returns, with shas, and segments as stretches."""
    for number in range(1, 5):
        store(project, run(number, {"a": float(number)}, version="v1" if number < 3 else "v2"))
    one = models.Series.objects.get()
    points = series.read(one)
    document = msgspec.json.decode(msgspec.json.encode(series.columns(one.pk, project_stamp(project.pk))))
    assert document == {
        "run": points.runs.tolist(),
        "commit": [sha(number) for number in range(1, 5)],
        "time": points.times.astype(int).tolist(),
        "value": [1.0, 2.0, 3.0, 4.0],
        "segment": [[0, 0], [2, 1]],
    }


def test_an_empty_series_is_empty_json(project: models.Project) -> None:
    """A series without points gives empty columns."""
    store(project, run(1, {"a": 1.0}), identity="k")
    store(project, run(1, {"b": 1.0}), identity="k")
    one = models.Series.objects.get(benchmark__name="a")
    assert b'{"run":[],"commit":[],"time":[],"value":[],"segment":[]}' == (
        msgspec.json.encode(series.columns(one.pk, project_stamp(project.pk)))
    )


def test_points_of_a_later_revision_are_left_out(project: models.Project) -> None:
    """A reader sees one revision: points that a concurrent upload adds are left out until the next read."""
    store(project, run(1, {"a": 1.0}))
    one = models.Series.objects.get()
    before = project_stamp(project.pk)
    series.columns(one.pk, before)
    store(project, run(2, {"a": 2.0}))
    assert [1.0] == series.columns(one.pk, before)["value"]
    assert [1.0, 2.0] == series.read(one).values.tolist()
