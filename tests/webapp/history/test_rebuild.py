"""A rebuild derives the same rows from the uploads."""

from __future__ import annotations

import io

import pytest
from django.core.management import call_command
from django.db import connection

from perfgate.results.records import Environment
from tests.webapp.history.stored import chunks_of, run, store
from webapp.history import chunks, models
from webapp.history.counts import count_stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> models.Project:
    made = models.Project.objects.create(slug="p")
    for number in range(1, 151):
        python = "3.12" if number < 100 else "3.13"
        environment = Environment(name=f"runner{number % 2}", fields={"machine": "m1", "python": python})
        store(
            made,
            run(number, {"a": float(number), "b": number / 7, "c": None}, environment=environment),
            identity=f"k{number % 140}",
        )
    store(made, run(151, {"a": 1.0}, pull_request=3, baseline=run(150, {"a": 1.0})))
    return made


def test_chunks_after_a_rebuild_equal_those_before(project: models.Project) -> None:
    """Points, segments and counts are derived again from the uploads, and ids do not change."""
    before = (chunks_of(project), list(models.Series.objects.order_by("id").values()), count_stored(project))
    numbers = list(models.Run.objects.order_by("id").values_list("id", "number", "measured", "superseded_by"))
    models.SeriesChunk.objects.first()
    models.Run.objects.update(measured=99, branch="wrong")
    chunks.clear([models.Series.objects.earliest("id").pk])
    out = io.StringIO()
    call_command("rebuild", "--project", "p", stdout=out)
    assert "p: 151 runs rebuilt\n" == out.getvalue()
    assert before == (chunks_of(project), list(models.Series.objects.order_by("id").values()), count_stored(project))
    assert numbers == list(models.Run.objects.order_by("id").values_list("id", "number", "measured", "superseded_by"))


def test_unused_rows_are_deleted(project: models.Project) -> None:
    """A series without points is deleted, and so is its benchmark."""
    made_up = models.Benchmark.objects.create(project=project, name="x", label="x", key="x")
    one = models.Series.objects.earliest("id")
    models.Series.objects.create(
        environment=one.environment, branch="main", benchmark=made_up, metric="time", direction="lower"
    )
    call_command("rebuild", stdout=io.StringIO())
    assert not models.Benchmark.objects.filter(name="x").exists()
    assert 4 == models.Series.objects.count()


@pytest.mark.usefixtures("project")
def test_an_unreadable_file_keeps_its_run() -> None:
    """The run of an unreadable file stays, without points, and has the reason."""
    upload = models.Upload.objects.earliest("run_id")
    models.Upload.objects.filter(pk=upload.pk).update(content=bytes.fromhex("789cabae0500017500f9"))
    call_command("rebuild", stdout=io.StringIO())
    row = models.Run.objects.get(pk=upload.pk)
    assert 0 == row.measured
    assert row.refused[0]["reason"]


def test_postgresql_leaves_room_in_pages(db: None) -> None:  # noqa: ARG001 - asks for the database
    """The migration sets the fill factor with which disk use and append speed were measured."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no fill factor")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reloptions FROM pg_class WHERE relname = 'history_serieschunk'")
        assert (["fillfactor=80"],) == cursor.fetchone()
