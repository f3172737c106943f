"""Tests of views.py, serializers.py and urls.py."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.webapp.api.requests import get
from tests.webapp.history.stored import sha
from webapp.history import models

pytestmark = pytest.mark.django_db


def test_health() -> None:
    """The health check queries the database."""
    assert get("health").json()["status"] == "ok"


def test_projects(measured_project: models.Project) -> None:
    """Projects are listed in pages."""
    body = get("projects").json()
    assert (body["count"], body["results"][0]["slug"]) == (1, measured_project.slug)


@pytest.mark.parametrize(
    "path", ["series/999999", f"series/{10**30}", "runs/999999", f"runs/{10**30}", "projects/x/series"]
)
def test_unknown_ids_are_404(path: str) -> None:
    """An unknown id of any size gets the common error form."""
    response = get(path)
    assert (response.status_code, response.json()["error"]["path"]) == (404, "$")


def test_series_of_a_project(measured_project: models.Project) -> None:
    """The list is paged, and filtered by part of the label, metric, environment and branch."""
    body = get(f"projects/{measured_project.slug}/series?size=1").json()
    assert (body["count"], len(body["results"]), body["results"][0]["label"]) == (2, 1, "a")
    assert [series["label"] for series in get("projects/p/series?benchmark=B").json()["results"]] == ["b"]
    assert get("projects/p/series?environment=other").json()["count"] == 0
    assert get("projects/p/series?metric=time&branch=main&environment=runner").json()["count"] == 2


@pytest.mark.parametrize("query", ["benchmark=%00", "branch=a%00", "page=0", "page=x", "page=99999999999999999999"])
def test_invalid_queries_are_refused(measured_project: models.Project, query: str) -> None:
    """Query values that the database cannot use are an error of the client."""
    assert get(f"projects/{measured_project.slug}/series?{query}").status_code in {400, 404}


@pytest.mark.usefixtures("measured_project")
def test_run_detail() -> None:
    """A run has its origin and the counts of stored samples."""
    row = models.Run.objects.earliest("id")
    body = get(f"runs/{row.pk}").json()
    assert (body["commit"]["sha"], body["environment"], body["stored"]["measured"]) == (sha(2), "runner", 2)
    assert body["facts"] == {"machine": "m1", "python": "3.12"}


@pytest.mark.usefixtures("measured_project")
def test_other_methods_are_refused() -> None:
    """Reads are public and change nothing; other methods are refused."""
    assert Client().delete(f"/api/v1/runs/{models.Run.objects.earliest('id').pk}").status_code == 405
    assert Client().put("/api/v1/runs").status_code in {401, 405}
