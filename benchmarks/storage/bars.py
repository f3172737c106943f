"""Measure one database: bulk ingest, append, disk, series JSON. Django must be set up before import."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection, transaction

try:
    import orjson
except ImportError as error:
    raise SystemExit("the rival of series JSON needs orjson: pip install orjson") from error

from benchmarks.storage import rivals
from perfgate.results import records
from perfgate.results.records import TIME
from webapp.api import points as api
from webapp.history import chunks, ingest
from webapp.history import series as read_path
from webapp.history.models import Benchmark, Commit, Environment, EnvironmentState, Project, Run, Series

BULK_COMMITS = 100
"""Commits in one bulk append, as in an import."""

APPENDS = 192
"""Commits appended one by one: tail chunks of every length, three times over."""

LONG = 5_000
"""Points in the series that is read as JSON."""

START = datetime(2026, 1, 1, tzinfo=UTC)


class Bar(NamedTuple):
    """One bar: ours ÷ rival's; `rows` says of what."""

    bar: str
    what: str
    ours: float
    rival: float
    unit: str
    ratio: float


class SeriesSet:
    """One project with one environment and some series, in our tables and in the rival's narrow one."""

    def __init__(self, slug: str, series: int, first_narrow_id: int = 0) -> None:
        self.project = Project.objects.create(slug=slug)
        self.environment = Environment.objects.create(project=self.project, name=slug, key=slug)
        self.state = EnvironmentState.objects.create(environment=self.environment, fingerprint="0" * 16)
        benchmarks = [Benchmark(project=self.project, name=f"b{i}", label=f"b{i}", key=f"{i}") for i in range(series)]
        Benchmark.objects.bulk_create(benchmarks)
        made = Series.objects.bulk_create(
            Series(
                environment=self.environment,
                branch="main",
                benchmark=benchmark,
                metric="time",
                unit="s",
                direction="lower",
                segments=[["0" * 16, ""]],
            )
            for benchmark in benchmarks
        )
        self.ids = np.array([row.pk for row in made], np.int64)
        self.narrow_ids = np.arange(series) + first_narrow_id
        self.runs: np.ndarray = np.empty(0, np.int64)

    def add_runs(self, count: int) -> None:
        """Create runs and commits; no measured figure includes their cost."""
        done = len(self.runs)
        commits = Commit.objects.bulk_create(
            Commit(project=self.project, sha=f"{i:040x}", generation=i + 1, committed_at=START + timedelta(hours=i))
            for i in range(done, done + count)
        )
        made = Run.objects.bulk_create(
            Run(
                project=self.project,
                environment=self.environment,
                state=self.state,
                commit=commit,
                branch="main",
                suite="asv",
                number=done + i + 1,
                digest=f"{self.project.slug}{done + i}",
            )
            for i, commit in enumerate(commits)
        )
        self.runs = np.r_[self.runs, [run.pk for run in made]]

    def append(self, first: int, values: np.ndarray) -> float:
        """Append commits to all series, ``values[series, commit]``, in one transaction; return wall seconds."""
        count = values.shape[1]
        runs = self.runs[first : first + count]
        points = np.empty(values.size, chunks.POINT)
        points["run"], points["segment"], points["value"] = np.repeat(runs, len(values)), 0, values.T.ravel()
        owners, numbers = np.tile(self.ids, count), np.repeat(np.arange(first, first + count) + 1, len(values))
        started = time.perf_counter()
        with transaction.atomic():
            chunks.append(owners, numbers, points)
        return time.perf_counter() - started

    def append_narrow(self, first: int, values: np.ndarray) -> float:
        """Do the same for the rival."""
        count = values.shape[1]
        owners = np.tile(self.narrow_ids, count)
        commits, flat = np.repeat(np.arange(first, first + count), len(values)), values.T.ravel()
        started = time.perf_counter()
        rivals.load(owners, commits, flat)
        return time.perf_counter() - started


def measure(series: int, commits: int) -> list[Bar]:
    """Return all bars of the database that Django is set up for."""
    rng = np.random.default_rng(20260101)
    connection.ensure_connection()
    rivals.create()
    history = SeriesSet("scale", series)
    history.add_runs(commits)
    bulk, appended = _fill(history, commits, rng)
    points = series * commits
    measured = [
        _ratio("B5" if connection.vendor == "sqlite" else "B4", "bulk ingest", *bulk, "points/s"),
        _ratio("B7", f"append one commit of {series:,}", *(1e3 * seconds for seconds in appended), "ms"),
        _ratio("B8", "disk for a point", *(size / points for size in _sizes()), "bytes"),
        _series_json(rng),
        _ratio("-", "whole write path", _write_path(series, rng), bulk[1], "points/s"),
    ]
    narrow = [value for _, value in rivals.rows_of(0)]
    _, stored = chunks.read([int(history.ids[0])])
    assert narrow == stored["value"][np.argsort(stored["run"])].tolist(), "both sides must hold the same"
    return measured


def _fill(
    history: SeriesSet, commits: int, rng: np.random.Generator
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Load most commits in bulk and the rest one by one, the sides in turn; return rates in bulk and times of an append."""
    series = len(history.ids)
    rates: list[tuple[float, float]] = []
    most = (commits - APPENDS) // BULK_COMMITS * BULK_COMMITS
    for first in range(0, most, BULK_COMMITS):
        values = 1e-3 * rng.random((series, BULK_COMMITS))
        ours, rival = history.append(first, values), history.append_narrow(first, values)
        rates.append((values.size / ours, values.size / rival))
    appends: list[tuple[float, float]] = []
    for first in range(most, commits):
        values = 1e-3 * rng.random((series, 1))
        appends.append((history.append(first, values), history.append_narrow(first, values)))
    return _medians(rates), _medians(appends)


def _sizes() -> tuple[float, float]:
    """Return the bytes of the packed and of the narrow table, indexes included, after vacuuming."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            sizes = []
            for table in ("history_serieschunk", "narrow"):
                cursor.execute(f"VACUUM {table}")
                cursor.execute("SELECT pg_total_relation_size(%s)", [table])
                sizes.append(float(cursor.fetchone()[0]))
        return sizes[0], sizes[1]
    file = Path(settings.DATABASES["default"]["NAME"])
    sizes = []
    with connection.cursor() as cursor:
        for tables in ("('history_serieschunk', 'sqlite_autoindex_history_serieschunk_1')", "('narrow')"):
            cursor.execute("SELECT 1 FROM pragma_compile_options WHERE compile_options = 'ENABLE_DBSTAT_VTAB'")
            if cursor.fetchone() is None:
                return float(file.stat().st_size), float("nan")
            cursor.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN {tables}")
            sizes.append(float(cursor.fetchone()[0]))
    return sizes[0], sizes[1]


def _series_json(rng: np.random.Generator, rounds: int = 60) -> Bar:
    history = SeriesSet("long", 4, first_narrow_id=1_000_000)
    history.add_runs(LONG)
    for first in range(0, LONG, BULK_COMMITS):
        values = 1e-3 * rng.random((4, BULK_COMMITS))
        history.append(first, values)
        history.append_narrow(first, values)
    number = int(history.ids[1])

    def ours() -> bytes:
        found = read_path.identity(number)
        assert found is not None
        stamp, identity = found
        return api.encode(number, identity, stamp)

    def rival() -> bytes:
        return orjson.dumps(rivals.rows_of(int(history.narrow_ids[1])))

    assert orjson.loads(ours())["points"]["value"] == [value for _, value in orjson.loads(rival())]
    cpu = _medians([(_cpu(ours), _cpu(rival)) for _ in range(rounds)])
    return _ratio("B9", f"JSON of {LONG:,} points, processor", *(1e3 * seconds for seconds in cpu), "ms")


def _write_path(series: int, rng: np.random.Generator, runs: int = 20) -> float:
    """Return the points/s of whole files through `ingest.store_all`: checks, compression, rows, points."""
    project = Project.objects.create(slug="files")
    rates = []
    for number in range(runs):
        samples = tuple(
            records.Sample(benchmark=records.Benchmark(name=f"bench.time_{i}"), metric=TIME, value=float(value))
            for i, value in enumerate(rng.random(series))
        )
        run = records.Run(
            suite="asv",
            tool="asv",
            commit=records.Commit(sha=f"{number:040x}"),
            environment=records.Environment(name="runner"),
            samples=samples,
        )
        data = b"%d" % number + b'{"value": 0.123456789}' * series
        started = time.perf_counter()
        ingest.store(project, run, data, name="result.json")
        rates.append(series / (time.perf_counter() - started))
    return statistics.median(rates[1:])


def _cpu(work: Callable[[], bytes]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _medians(pairs: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def _ratio(bar: str, what: str, ours: float, rival: float, unit: str) -> Bar:
    return Bar(bar, what, ours, rival, unit, ours / rival)
