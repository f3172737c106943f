"""Settings of the tests: the server's own, with a temporary data folder, and without the environment's variables.

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
"""A server given by the caller; otherwise, the one on this machine or one that the tests start."""

for _name in [name for name in os.environ if name.startswith(("PERFGATE_", "CELERY_")) or name == "DATABASE_URL"]:
    if _name != "PERFGATE_TEST_DATABASE":
        del os.environ[_name]
os.environ["PERFGATE_DATA_DIR"] = str(_directory)
if CHOICE == "postgresql":
    os.environ["DATABASE_URL"] = POSTGRESQL_GIVEN or "postgres://postgres@127.0.0.1:5432/postgres"

from webapp.settings import *  # noqa: E402, F403 - the environment above comes first
from webapp.settings import DATABASES  # noqa: E402

# The tests of the rate limit set their own interval.
GITHUB_SPACING_SECONDS = 0.0

# Tests do not need a slow password hash.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

if CHOICE == "sqlite":
    # A file, as in production: threads that wait for each other's locks cannot be tested in memory.
    DATABASES["default"]["TEST"] = {"NAME": str(_directory / "test.sqlite3")}
