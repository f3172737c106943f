"""Store and read the packed points of series. The SQL here differs between PostgreSQL and SQLite.

A point is a `POINT` record of 14 bytes; up to `CHUNK_RUNS` of them share a row. New points are put *before* the stored
points of a row: then PostgreSQL finds the old bytes unchanged at the end of the row and logs only the new ones, which
reduces its write-ahead log to a fifth. Readers sort points by commit anyway.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Sequence
from itertools import starmap
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import psycopg
from django.db import connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from webapp.history.models import CHUNK_RUNS

POINT = np.dtype([("run", "<i4"), ("segment", "<u2"), ("value", "<f8")])
"""`Run` id, index in `Series.segments`, finite value in the series' unit."""

MAX_SEGMENTS = 65_535
"""Largest length of `Series.segments`, because a point has 16 bits for its index."""

IntArray = npt.NDArray[np.int64]
PointArray = npt.NDArray[Any]
"""Shape ``(n,)``, dtype `POINT`."""

_APPEND_POSTGRESQL = """
    INSERT INTO history_serieschunk AS chunk (series_id, chunk_number, points)
    SELECT series, number, substring(%b::bytea FROM start::integer FOR length::integer)
    FROM unnest(%b::bigint[], %b::bigint[], %b::bigint[], %b::bigint[]) AS new (series, number, start, length)
    ON CONFLICT (series_id, chunk_number) DO UPDATE SET points = excluded.points || chunk.points
"""
_APPEND_SQLITE = """
    INSERT INTO history_serieschunk AS chunk (series_id, chunk_number, points)
    SELECT series.value, %s, substr(%s, series.key * %s + 1, %s) FROM json_each(%s) AS series WHERE true
    ON CONFLICT (series_id, chunk_number) DO UPDATE SET points = CAST(excluded.points || chunk.points AS BLOB)
"""
_READ_POSTGRESQL = "SELECT series_id, points FROM history_serieschunk WHERE series_id = ANY(%b::bigint[])"
_READ_SQLITE = "SELECT series_id, points FROM history_serieschunk WHERE series_id IN (SELECT value FROM json_each(%s))"

_IN_ENVIRONMENT = """
    SELECT series_id, points FROM history_serieschunk
    WHERE chunk_number = %s AND series_id IN (SELECT id FROM history_series WHERE environment_id = %s)
"""
_REPLACE = "UPDATE history_serieschunk SET points = %s WHERE series_id = %s AND chunk_number = %s"
_DELETE = "DELETE FROM history_serieschunk WHERE series_id = %s AND chunk_number = %s"


def append(series: IntArray, numbers: IntArray, points: PointArray) -> None:
    """Add points to their series, all of them or none.

    Args:
        series: Shape ``(n,)``, `Series` ids, in any order.
        numbers: Shape ``(n,)``, the `Run.number` of each point.
        points: Shape ``(n,)``, at most one for each series and run.
    """
    if not len(points):
        return
    chunk_numbers = numbers // CHUNK_RUNS
    # All writers lock rows in the order of their keys, so that no two of them deadlock.
    order = np.lexsort((chunk_numbers, series))
    series, chunk_numbers, packed = series[order], chunk_numbers[order], points[order].tobytes()
    first = np.flatnonzero(np.r_[True, (np.diff(series) != 0) | (np.diff(chunk_numbers) != 0)])
    lengths = np.diff(np.r_[first, len(series)]) * POINT.itemsize
    starts = first * POINT.itemsize
    owners, parts = series[first], chunk_numbers[first]
    if connection.vendor == "postgresql":
        _postgresql(_APPEND_POSTGRESQL, [packed, owners, parts, starts + 1, lengths])
    else:
        _append_sqlite(owners, parts, starts, lengths, packed)


def read(series_ids: Sequence[int]) -> tuple[IntArray, PointArray]:
    """Return the points of some series, in no particular order.

    Returns:
        Two arrays of shape ``(n,)``: the series that each point belongs to, and the points.
    """
    if connection.vendor == "postgresql":
        rows = _postgresql(_READ_POSTGRESQL, [np.array(series_ids, np.int64)])
    else:
        with connection.cursor() as cursor:
            cursor.execute(_READ_SQLITE, [str(list(series_ids))])
            rows = cursor.fetchall()
    return _unpack(rows)


def remove_run(environment_id: int, number: int, run_id: int) -> None:
    """Remove the points of one run from all series of its environment."""
    chunk_number = number // CHUNK_RUNS
    with connection.cursor() as cursor:
        cursor.execute(_IN_ENVIRONMENT, [chunk_number, environment_id])
        rows = cursor.fetchall()
        kept = [
            (series_id, points[points["run"] != run_id], len(points)) for series_id, points in starmap(_points, rows)
        ]
        changed = [
            (points.tobytes(), series_id, chunk_number)
            for series_id, points, before in kept
            if 0 < len(points) < before
        ]
        emptied = [(series_id, chunk_number) for series_id, points, _ in kept if not len(points)]
        for statement, parameters in ((_REPLACE, changed), (_DELETE, emptied)):
            if parameters:
                cursor.executemany(statement, parameters)


def clear(series_ids: Collection[int]) -> None:
    """Delete all points of some series."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM history_serieschunk WHERE series_id = %s", [(series_id,) for series_id in series_ids]
        )


def _append_sqlite(owners: IntArray, parts: IntArray, starts: IntArray, lengths: IntArray, packed: bytes) -> None:
    """Append with one statement for all rows of one chunk number and length; one statement per row is a third slower."""
    with connection.cursor() as cursor:
        for part, length in sorted(set(zip(integers(parts), integers(lengths), strict=True))):
            chosen = (parts == part) & (lengths == length)
            content = b"".join([packed[start : start + length] for start in integers(starts[chosen])])
            cursor.execute(_APPEND_SQLITE, [part, content, length, length, str(integers(owners[chosen]))])


class _BigintArray(Dumper):
    """Sends a one-dimensional array as ``bigint[]``, twenty times as fast as a list of integers.

    Source: PostgreSQL, ``array_recv`` in ``src/backend/utils/adt/arrayfuncs.c``.
    """

    oid = 1016
    format = Format.BINARY

    def dump(self, obj: IntArray) -> bytes:
        """Return the binary form: dimensions, NULL flag, element type, length, lower bound; then length and value of each."""
        elements = np.empty(len(obj), [("length", ">i4"), ("value", ">i8")])
        elements["length"], elements["value"] = 8, obj
        return struct.pack("!iiiii", 1, 0, 20, len(obj), 1) + elements.tobytes()


# A connection copies these adapters when it opens, so the class must be registered when this module is imported.
psycopg.adapters.register_dumper(np.ndarray, _BigintArray)


def _points(series_id: int, content: Any) -> tuple[int, PointArray]:
    return series_id, np.frombuffer(content, POINT)


def _unpack(rows: Sequence[tuple[int, Any]]) -> tuple[IntArray, PointArray]:
    owners = np.array([series_id for series_id, _ in rows], np.int64)
    lengths = np.array([len(content) for _, content in rows], np.int64) // POINT.itemsize
    return np.repeat(owners, lengths), np.frombuffer(b"".join([content for _, content in rows]), POINT)


def _postgresql(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Execute one statement with binary parameters and results; Django's cursor would send bytes as hexadecimal text."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement.encode(), parameters, binary=True)
        return cursor.fetchall() if cursor.description else []


def integers(array: IntArray) -> list[int]:
    """Return a one-dimensional array as a list of Python integers."""
    return cast("list[int]", array.tolist())


def slices(items: Sequence[Any], size: int = 5_000) -> Iterator[Sequence[Any]]:
    """Yield *items* in slices that are small enough for the parameters of one statement, on every database."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
