"""Systems that lack what Linux has: what works there works, and what does not is said in one sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.perfgate.repositories import make_shop

WITHOUT_POSIX = """
import sys
sys.modules["fcntl"] = sys.modules["resource"] = None  # as on Windows
import signal
del signal.SIGHUP, signal.SIGPIPE
from perfgate.cli import console_script
sys.exit(console_script())
"""

WITHOUT_LINUX = """
import os, sys
del os.sched_getaffinity, os.sched_setaffinity, os.waitid  # as on macOS
from pathlib import Path
is_dir = Path.is_dir
Path.is_dir = lambda path, **options: not str(path).startswith("/proc/") and is_dir(path, **options)
from perfgate.cli import console_script
sys.exit(console_script())
"""


def perfgate(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", ["compare", "changes", "merge", "upload"])
def test_what_measures_nothing_works_on_windows(command: str) -> None:
    """Files can be compared, joined and sent wherever there is Python."""
    done = perfgate(WITHOUT_POSIX, command, "--help")

    assert (0, "") == (done.returncode, done.stderr)


@pytest.mark.parametrize("command", ["check", "run", "bisect", "doctor", "init"])
def test_what_measures_names_wsl_on_windows(command: str) -> None:
    """One sentence, and no traceback."""
    done = perfgate(WITHOUT_POSIX, command)

    assert 2 == done.returncode
    assert f"perfgate: 'perfgate {command}' measures on Linux and macOS only: on Windows, run it in WSL." in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_a_check_works_without_affinity(tmp_path: Path) -> None:
    """The sides are not pinned then, and the verdict says what that costs."""
    shop = make_shop(tmp_path / "shop")

    done = perfgate(
        WITHOUT_LINUX, "check", "base", "head", "--repository", str(shop), "--select", "*total", "--gate-all", "--json"
    )

    verdict = json.loads(done.stdout)
    assert 1 == done.returncode, done.stderr
    assert any("cannot bind processes to a CPU" in note for note in verdict["notes"])
