"""Tests of what machines read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.webapp.history.stored import run, sha, store
from webapp.history import models

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> models.Project:
    made = models.Project.objects.create(slug="p", repository="o/r")
    for number in (2, 1, 3):
        store(made, run(number, {"a": float(number), "b": 1.0}))
    made.refresh_from_db()
    return made


def get(path: str, **headers: str) -> Any:
    return Client().get(f"/api/v1/{path}", headers=headers)


def test_health() -> None:
    """The probe asks the database."""
    assert get("health").json()["status"] == "ok"


def test_projects(project: models.Project) -> None:
    """Projects are listed in pages."""
    body = get("projects").json()
    assert (body["count"], body["results"][0]["slug"]) == (1, project.slug)


def test_one_series(project: models.Project) -> None:
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
        "revision": project.revision,
        "benchmark": "a",
        "parameters": {},
        "label": "a",
        "metric": "time",
        "unit": "s",
        "direction": "lower",
        "environment": "runner",
        "branch": "main",
    }


def test_a_series_is_read_again_only_after_a_change(project: models.Project) -> None:
    """The entity tag stands for the project's revision: 304 until something is stored."""
    one = models.Series.objects.get(benchmark__name="a")
    tag = get(f"series/{one.pk}")["ETag"]
    with CaptureQueriesContext(connection) as queries:
        unchanged = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content, len(queries)) == (304, b"", 1)
    store(project, run(9, {"a": 9.0}))
    changed = get(f"series/{one.pk}", **{"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed["ETag"] != tag


@pytest.mark.parametrize(
    "path", ["series/999999", f"series/{10**30}", "runs/999999", f"runs/{10**30}", "projects/x/series"]
)
def test_what_is_not_there_is_404(path: str) -> None:
    """A number of any size is answered in the one form of refusals."""
    response = get(path)
    assert (response.status_code, response.json()["error"]["path"]) == (404, "$")


def test_series_of_a_project(project: models.Project) -> None:
    """The list is paged, and filtered by part of the label, metric, environment, branch."""
    body = get(f"projects/{project.slug}/series?size=1").json()
    assert (body["count"], len(body["results"]), body["results"][0]["label"]) == (2, 1, "a")
    assert [each["label"] for each in get("projects/p/series?benchmark=B").json()["results"]] == ["b"]
    assert get("projects/p/series?environment=other").json()["count"] == 0
    assert get("projects/p/series?metric=time&branch=main&environment=runner").json()["count"] == 2


@pytest.mark.parametrize("query", ["benchmark=%00", "branch=a%00", "page=0", "page=x", "page=99999999999999999999"])
def test_bad_queries_are_refused(project: models.Project, query: str) -> None:
    """A query that no database can answer is the client's error."""
    assert get(f"projects/{project.slug}/series?{query}").status_code in {400, 404}


@pytest.mark.usefixtures("project")
def test_one_run() -> None:
    """A run tells where it comes from and what was stored of it."""
    row = models.Run.objects.earliest("id")
    body = get(f"runs/{row.pk}").json()
    assert (body["commit"]["sha"], body["environment"], body["stored"]["measured"]) == (sha(2), "runner", 2)
    assert body["facts"] == {"machine": "m1", "python": "3.12"}


@pytest.mark.usefixtures("project")
def test_only_uploads_write() -> None:
    """Reading is public and changes nothing; other methods are refused."""
    assert Client().delete(f"/api/v1/runs/{models.Run.objects.earliest('id').pk}").status_code == 405
    assert Client().put("/api/v1/runs").status_code in {401, 405}
