"""Tests of `webapp.api.points`."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.webapp.api.requests import get
from tests.webapp.history.stored import run, sha, store
from webapp.history import models

pytestmark = pytest.mark.django_db


def test_a_series_with_its_points(measured_project: models.Project) -> None:
    """The document has identity, segments and points in commit order."""
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


def test_etag_changes_with_the_project(measured_project: models.Project) -> None:
    """The ETag stays the same, and the answer is 304, until something is stored."""
    one = models.Series.objects.get(benchmark__name="a")
    tag = get(f"series/{one.pk}")["ETag"]
    with CaptureQueriesContext(connection) as queries:
        unchanged = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, len(queries)) == (304, b"", 1)
    store(measured_project, run(9, {"a": 9.0}))
    changed = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag
