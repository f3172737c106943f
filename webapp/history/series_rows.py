"""Get or create the rows of series, and number their segments. The caller must hold the project's lock."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from perfgate.errors import InvalidResult
from perfgate.results.records import Metric
from webapp.history.catalog import BATCH
from webapp.history.chunks import MAX_SEGMENTS, slices
from webapp.history.models import Series

SeriesKey = tuple[int, int, str, str, str]
"""Environment id, benchmark id, metric, unit, branch."""

_KEY_FIELDS = ("environment_id", "benchmark_id", "metric", "unit", "branch")


@dataclass
class WritableSeries:
    """The part of a series that is needed to store points."""

    id: int
    direction: str
    segments: list[list[str]]
    changed: bool = False

    def segment(self, fingerprint: str, version: str) -> int:
        """Return the index of a segment; a new one is appended.

        Raises:
            InvalidResult: The series already has the maximum number of segments. A retry cannot help.
        """
        segment = [fingerprint, version]
        if segment in self.segments:
            return self.segments.index(segment)
        if len(self.segments) == MAX_SEGMENTS:
            raise InvalidResult(
                f"series {self.id} has {MAX_SEGMENTS} segments already, the most there can be: upload under another "
                "environment name",
                path="$.run.environment",
            )
        self.segments.append(segment)
        self.changed = True
        return len(self.segments) - 1

    def set_direction(self, direction: str) -> None:
        """Set which direction is better, as the newest run says."""
        if self.direction != direction:
            self.direction = direction
            self.changed = True


def get_or_create(needed: Mapping[SeriesKey, Metric]) -> dict[SeriesKey, WritableSeries]:
    """Return the series with the keys *needed*; missing series are created with the direction of their metric."""
    environments = {key[0] for key in needed}
    found: dict[SeriesKey, WritableSeries] = {}
    for benchmarks in slices(list({key[1] for key in needed})):
        rows = Series.objects.filter(environment__in=environments, benchmark__in=benchmarks)
        for row in rows.values_list(*_KEY_FIELDS, "id", "direction", "segments"):
            if row[:5] in needed:
                found[row[:5]] = WritableSeries(id=row[5], direction=row[6], segments=row[7])
    missing = {key: metric for key, metric in needed.items() if key not in found}
    created = Series.objects.bulk_create(
        [
            Series(**dict(zip(_KEY_FIELDS, key, strict=True)), direction=metric.direction.value)
            for key, metric in missing.items()
        ],
        batch_size=BATCH,
    )
    for key, row in zip(missing, created, strict=True):
        found[key] = WritableSeries(id=row.pk, direction=row.direction, segments=[])
    return found


def save(rows: Iterable[WritableSeries]) -> None:
    """Write the segments and directions of changed series."""
    values = [(json.dumps(row.segments), row.direction, row.id) for row in rows if row.changed]
    if values:
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE history_series SET segments = %s, direction = %s WHERE id = %s", values)
