"""Settings of the tests: the server's own, on a data directory that is thrown away, with no word from the outside.

``PERFGATE_TEST_DATABASE`` chooses the database, ``sqlite`` if it is not set; see ``tests/conftest.py``.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

CHOICE = os.environ.get("PERFGATE_TEST_DATABASE", "sqlite")
if CHOICE not in {"sqlite", "postgresql"}:
    raise SystemExit(f"PERFGATE_TEST_DATABASE is 'sqlite' or 'postgresql', not {CHOICE!r}")

_directory = Path(tempfile.mkdtemp(prefix="perfgate-tests-"))
atexit.register(shutil.rmtree, _directory, ignore_errors=True)

POSTGRESQL_GIVEN = os.environ.get("DATABASE_URL", "") if CHOICE == "postgresql" else ""
"""A server that the caller names; without it, the one on this machine or one that the tests start themselves."""

for _name in [name for name in os.environ if name.startswith(("PERFGATE_", "CELERY_")) or name == "DATABASE_URL"]:
    if _name != "PERFGATE_TEST_DATABASE":
        del os.environ[_name]
os.environ["PERFGATE_DATA_DIR"] = str(_directory)
if CHOICE == "postgresql":
    os.environ["DATABASE_URL"] = POSTGRESQL_GIVEN or "postgres://postgres@127.0.0.1:5432/postgres"

from webapp.settings import *  # noqa: E402, F403 - the environment above comes first
from webapp.settings import DATABASES  # noqa: E402

# What waits for GitHub's sake is tested where that is the question.
GITHUB_SPACING_SECONDS = 0.0

if CHOICE == "sqlite":
    # A file, as in real life: threads that wait for each other's locks cannot be tested in memory.
    DATABASES["default"]["TEST"] = {"NAME": str(_directory / "test.sqlite3")}
