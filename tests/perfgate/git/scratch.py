"""A git repository whose commits a test makes."""

from __future__ import annotations

import subprocess
from pathlib import Path

DATE = "2020-02-03T04:05:06+01:00"


class Repository:
    """A new repository; call it to run git in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self("init", "--quiet", "--initial-branch=main", str(path))

    def __call__(self, *arguments: str) -> str:
        settings = ["-c", "user.name=Ada", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        where = [] if arguments[0] in {"init", "clone"} else ["-C", str(self.path)]
        variables = {"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_COMMITTER_DATE": DATE, "GIT_AUTHOR_DATE": DATE}
        command = ["git", *where, *settings, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=variables).stdout.strip()

    def commit(self, subject: str) -> str:
        self("commit", "--quiet", "--allow-empty", "--message", f"{subject}\n\nBody.")
        return self("rev-parse", "HEAD")
