"""The interactive chart in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.webapp.pages.stored import HOSTILE, store_shop

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=10000",
    "--dump-dom",
)


@pytest.fixture
def chromium() -> str:
    """Return the browser; where CI lacks it, that is a failure and no reason to skip."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("CI"):
        pytest.fail("CI installs chromium, and it is not there")
    if found is None:
        pytest.skip("no chromium: apt-get install chromium")
    return found


def visit(chromium: str, profile: Path, address: str) -> tuple[str, str]:
    """Return the document after its scripts ran, and what the browser logged."""
    done = subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={profile}", address],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    return done.stdout, done.stderr


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["series", "alerts"])
def test_the_chart_is_drawn_without_errors(chromium: str, live_server: Any, tmp_path: Path, page: str) -> None:
    """UPlot replaces the static chart, untrusted text stays text, and the content security policy is kept."""
    shop = store_shop()
    number = {"series": shop.series.pk, "alerts": shop.alert.pk}[page]

    document, log = visit(chromium, tmp_path, f"{live_server.url}/{page}/{number}/")

    assert 'data-drawn="yes"' in document
    assert re.search(r"<canvas[^>]* width=\"[1-9]", document)
    assert "Arrow keys" in document
    assert HOSTILE not in document
    assert "CONSOLE" not in log
