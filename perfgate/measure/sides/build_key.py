"""Cache keys for what is built from a commit."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from perfgate import git

_RUN_SPECIFIC = frozenset({"COLUMNS", "HOSTNAME", "INVOCATION_ID", "JOURNAL_STREAM", "LINES", "OLDPWD", "PWD", "SHLVL",
                           "TEMP", "TMP", "TMPDIR", "WINDOWID", "_"})  # fmt: skip
_RUN_SPECIFIC_PREFIXES = ("ACTIONS_", "BUILDKITE_", "CI_", "CIRCLE_", "DBUS_", "GITHUB_", "GITLAB_", "PERFGATE_",
                          "PYTEST_", "RUNNER_", "SSH_", "TERM", "TRAVIS_", "VSCODE_", "XDG_")  # fmt: skip
"""Variables that differ from run to run and do not affect builds. All others are part of the key: a wheel built with
other compiler flags would make one side slower than the other."""


def build_key(kind: str, checkout: Path, sha: str, *facts: object) -> str:
    """Return the cache key of something built from a commit.

    Args:
        kind: What is built. Kinds whose paths must be equally long are equally long themselves.
        checkout: The checkout; its object store identifies the repository that it was made from.
        sha: The full sha of the commit.
        facts: What else the build depends on, such as the interpreter.
    """
    tags = git.run(checkout, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags")
    shallow = checkout / ".git/shallow"
    seen = {
        "repository": str(_object_store(checkout / ".git/objects")),
        "sha": sha,
        "tags": tags,  # versions are computed from them
        "shallow": shallow.read_text() if shallow.exists() else "",
        "variables": sorted(item for item in os.environ.items() if not _is_run_specific(item[0])),
        "facts": [str(fact) for fact in facts],
    }
    return f"{kind}-{hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:40]}"


def _object_store(objects: Path) -> Path:
    """Return the folder at the end of the chain of alternates that starts at *objects*."""
    for _ in range(5):  # git itself follows no more
        try:
            objects = Path((objects / "info/alternates").read_text().splitlines()[0])
        except (OSError, IndexError):
            break
    return objects.resolve()


def _is_run_specific(name: str) -> bool:
    return name in _RUN_SPECIFIC or name.startswith(_RUN_SPECIFIC_PREFIXES)
