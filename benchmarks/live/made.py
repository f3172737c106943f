"""A small git project to check: a benchmark of a millisecond that starts to sleep."""

from __future__ import annotations

import subprocess
from pathlib import Path

_WORK = "import time\n\n\ndef build():\n    found = {{number: number * 2 for number in range(14_000)}}\n{wait}    return found\n"


def waiting(path: Path) -> Path:
    """Create a repository of two commits; in the second one, the work of a millisecond also sleeps for 0.3 ms."""
    (path / "benchmarks").mkdir(parents=True)
    (path / "benchmarks/test_work.py").write_text(
        "import work\n\n\ndef test_build(benchmark):\n    benchmark(work.build)\n"
    )
    (path / ".gitignore").write_text("__pycache__/\n")
    git = ["git", "-C", str(path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=no"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    for wait, message in (("", "Build a table"), ("    time.sleep(0.0003)\n", "Wait as well")):
        (path / "work.py").write_text(_WORK.format(wait=wait))
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", message], check=True)
    return path
