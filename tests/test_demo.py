"""The demonstration, from end to end."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_demonstration_happens() -> None:
    """The exit code is 0 only if history, issue at the slow commit, failed check run, comment and pages are all there."""
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--once"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )

    assert 0 == done.returncode, done.stdout[-3_000:] + done.stderr[-3_000:]
    assert "perfgate: ❌ 2 benchmarks beyond the budget" in done.stdout
