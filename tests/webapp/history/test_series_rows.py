"""Series are created once, and their segments and directions are kept."""

from __future__ import annotations

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.records import Direction, Metric
from tests.webapp.history.stored import run, store
from webapp.history import chunks, series_rows
from webapp.history.models import Benchmark, Environment, Project, Series

pytestmark = pytest.mark.django_db


def test_a_series_is_created_once(project: Project) -> None:
    """Environment, benchmark, metric, unit and branch identify it; the direction does not."""
    store(project, run(1, {"a": 1.0}))
    environment, benchmark = Environment.objects.get(), Benchmark.objects.get()
    key = (environment.pk, benchmark.pk, "speed", "MB/s", "main")

    created = series_rows.get_or_create({key: Metric(name="speed", unit="MB/s", direction=Direction.HIGHER)})
    found = series_rows.get_or_create({key: Metric(name="speed", unit="MB/s")})

    assert created == found
    assert "higher" == found[key].direction
    assert 2 == Series.objects.count()


def test_segments_and_direction_are_saved(project: Project) -> None:
    """A known segment keeps its index, a new one is appended, and only changed series are written."""
    store(project, run(1, {"a": 1.0}))
    stored = Series.objects.get()
    row = series_rows.WritableSeries(id=stored.pk, direction="lower", segments=list(stored.segments))
    fingerprint, version = stored.segments[0]

    assert (0, 1, 1) == (row.segment(fingerprint, version), row.segment("f", "v"), row.segment("f", "v"))
    row.set_direction("higher")
    unchanged = series_rows.WritableSeries(id=stored.pk, direction="wrong", segments=[])
    series_rows.save([row, unchanged])

    stored.refresh_from_db()
    assert ([[fingerprint, version], ["f", "v"]], "higher") == (stored.segments, stored.direction)


def test_the_number_of_segments_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A point has 16 bits for its segment; a series beyond that is refused with a way out."""
    monkeypatch.setattr(series_rows, "MAX_SEGMENTS", 1)
    row = series_rows.WritableSeries(id=1, direction="lower", segments=[["f", ""]])

    with pytest.raises(InvalidResult, match="another environment name"):
        row.segment("g", "")
    assert chunks.MAX_SEGMENTS == 2**16 - 1
