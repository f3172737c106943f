"""Requests to the API, and counts of what is stored."""

from __future__ import annotations

from typing import Any

from django.test import Client

from webapp.history import models

URL = "/api/v1/runs"


def post(secret: str, data: bytes, query: str = "", **headers: str) -> Any:
    return Client().post(
        URL + query, data, content_type="application/json", headers={"Authorization": f"Bearer {secret}", **headers}
    )


def counts(project: models.Project) -> dict[str, int]:
    project.refresh_from_db()
    kinds = (
        models.Run,
        models.Upload,
        models.UploadContext,
        models.Commit,
        models.Environment,
        models.EnvironmentState,
        models.Benchmark,
        models.Series,
        models.SeriesChunk,
    )
    return {"revision": project.revision, **{kind.__name__: kind.objects.count() for kind in kinds}}


def get(path: str, **headers: str) -> Any:
    return Client().get(f"/api/v1/{path}", headers=headers)
