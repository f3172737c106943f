"""Django's settings follow from the environment; wsgi.py serves them."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.conf import settings

from tests.paths import ROOT
from webapp.settings import broker_options
from webapp.wsgi import application


def evaluate(expression: str, data: Path, **variables: str) -> str:
    """Return what an expression over the settings prints in a process with these variables."""
    done = subprocess.run(
        [sys.executable, "-c", f"from webapp import settings; print({expression})"],
        cwd=ROOT,
        env={"PERFGATE_DATA_DIR": str(data), **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


def test_the_secret_key_is_made_once(tmp_path: Path) -> None:
    """A key is kept in the data folder, readable by nobody else, and used by every later process."""
    first = evaluate("settings.SECRET_KEY", tmp_path)

    assert len(first) > 50
    assert first == evaluate("settings.SECRET_KEY", tmp_path) == (tmp_path / "secret_key").read_text()
    assert 0o600 == stat.S_IMODE((tmp_path / "secret_key").stat().st_mode)
    assert "given" == evaluate("settings.SECRET_KEY", tmp_path, PERFGATE_SECRET_KEY="given")


def test_the_database_may_be_elsewhere(tmp_path: Path) -> None:
    """SQLite in the data folder, with a write lock from the beginning of a transaction; else what `DATABASE_URL` names."""
    shown = "settings.DATABASES['default']['ENGINE'], settings.DATABASES['default']['NAME']"
    options = "settings.DATABASES['default']['OPTIONS']['transaction_mode']"

    assert f"django.db.backends.sqlite3 {tmp_path / 'perfgate.sqlite3'} IMMEDIATE" == evaluate(
        f"{shown}, {options}", tmp_path
    )
    assert "django.db.backends.postgresql shop" == evaluate(
        shown, tmp_path, DATABASE_URL="postgres://u:p@host:5432/shop"
    )


@pytest.mark.parametrize(
    ("base_url", "is_secure"), [("https://perf.example", "True"), ("http://perf.example", "False")]
)
def test_cookies_are_secure_behind_https(tmp_path: Path, base_url: str, is_secure: str) -> None:
    """The public address decides whether cookies are sent without encryption."""
    assert f"{is_secure} {is_secure}" == evaluate(
        "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE", tmp_path, PERFGATE_BASE_URL=base_url
    )


@pytest.mark.parametrize(
    ("address", "option"),
    [("files://localhost", "data_folder_in"), ("redis://x", "socket_connect_timeout"), ("amqp://x", "max_retries")],
)
def test_each_broker_has_its_options(address: str, option: str) -> None:
    """The file broker knows its folders, and the others give up soon."""
    assert option in broker_options(address)
    assert ("socket_connect_timeout" in broker_options(address)) == address.startswith("redis")


def test_wsgi_answers() -> None:
    """A WSGI server gets answers from the application that the settings name."""
    statuses: list[str] = []
    environ: dict[str, Any] = {"PATH_INFO": "/static/pages/pages.css", "HTTP_HOST": "localhost"}
    setup_testing_defaults(environ)

    def start_response(status: str, *_: Any) -> Callable[[bytes], object]:
        statuses.append(status)
        return bytes

    answer = application(environ, start_response)
    body = b"".join(answer)
    answer.close()

    assert ["200 OK"] == statuses
    assert b"{" in body
    assert "webapp.wsgi.application" == settings.WSGI_APPLICATION
