"""Tests of `webapp.api.points`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.webapp.api.requests import get
from tests.webapp.history.stored import run, sha, store
from webapp.history import models

pytestmark = pytest.mark.django_db


def test_one_series(measured_project: models.Project) -> None:
    """A series comes whole: what it is, its segments, and its points in commit order."""
    one = models.Series.objects.get(benchmark__name="a")
    body = get(f"series/{one.pk}").json()
    points = body.pop("points")
    assert points["value"] == [1.0, 2.0, 3.0]
    assert points["commit"] == [sha(number) for number in (1, 2, 3)]
    assert points["segment"] == [[0, 0]]
    assert body.pop("segments") == one.segments
    assert body == {
        "id": one.pk,
        "project": "p",
        "revision": measured_project.revision,
        "benchmark": "a",
        "parameters": {},
        "label": "a",
        "metric": "time",
        "unit": "s",
        "direction": "lower",
        "environment": "runner",
        "branch": "main",
    }


def test_a_series_is_read_again_only_after_a_change(measured_project: models.Project) -> None:
    """The entity tag stands for the project's revision: 304 until something is stored."""
    one = models.Series.objects.get(benchmark__name="a")
    tag = get(f"series/{one.pk}")["ETag"]
    with CaptureQueriesContext(connection) as queries:
        unchanged = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, len(queries)) == (304, b"", 1)
    store(measured_project, run(9, {"a": 9.0}))
    changed = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag
