"""The narrow tables that packed chunks are compared with: one row per point, the best layouts known to us.

Source: the layouts and insert rates in docs/decisions/0002-packed-series.md.
"""

from __future__ import annotations

import numpy as np
import psycopg
from django.db import connection

POSTGRESQL = (
    "CREATE TABLE narrow (series_id int NOT NULL, commit_index int NOT NULL, value double precision NOT NULL, "
    "PRIMARY KEY (series_id, commit_index) INCLUDE (value))"
)
SQLITE = (
    "CREATE TABLE narrow (series_id int NOT NULL, commit_index int NOT NULL, value real NOT NULL, "
    "PRIMARY KEY (series_id, commit_index)) WITHOUT ROWID"
)
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
ROW = np.dtype(
    [("n", ">i2"), ("l1", ">i4"), ("series", ">i4"), ("l2", ">i4"), ("commit", ">i4"), ("l3", ">i4"), ("value", ">f8")]
)


def create() -> None:
    with connection.cursor() as cursor:
        cursor.execute(POSTGRESQL if connection.vendor == "postgresql" else SQLITE)


def load(series: np.ndarray, commits: np.ndarray, values: np.ndarray) -> None:
    """Insert rows in the given order: binary COPY, packed by numpy, or sqlite3's executemany; one transaction."""
    if connection.vendor == "postgresql":
        rows = np.empty(len(values), ROW)
        rows["n"], rows["l1"], rows["l2"], rows["l3"] = 3, 4, 4, 8
        rows["series"], rows["commit"], rows["value"] = series, commits, values
        with (
            psycopg.Cursor(connection.connection) as cursor,
            cursor.copy("COPY narrow FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.write(SIGNATURE + rows.tobytes() + b"\xff\xff")
    else:
        raw = connection.connection
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(
            "INSERT INTO narrow VALUES (?, ?, ?)",
            zip(series.tolist(), commits.tolist(), values.tolist(), strict=True),
        )
        raw.execute("COMMIT")


def rows_of(series_id: int) -> list[tuple[int, float]]:
    """Return one series as Django's own cursor reads it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT commit_index, value FROM narrow WHERE series_id = %s ORDER BY commit_index", [series_id])
        return cursor.fetchall()
