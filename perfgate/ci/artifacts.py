"""The folder of result files that the measuring job leaves for the reporting job.

The code under test may have written the files: their number and size are limited, and a result is refused unless it is
about the commit and the pull request of the job's event.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from perfgate.ci.jobs import Job
from perfgate.errors import InvalidInput
from perfgate.formatting import plain
from perfgate.results import result_file, shards
from perfgate.results.records import Run

FOLDER = Path("perfgate-results")

MAX_FILES, MAX_FILE_BYTES = 64, 64 * 1024 * 1024
"""Limits of one report."""

FIRST_NOTE = "This is the first verdict here: the base has no perfgate workflow yet."
"""Note in the run of the pull request that adds perfgate's workflow: it gets a comment whatever the verdict."""


def file_name(suite: str) -> str:
    """Return the name of a suite's result file.

    >>> file_name("benchmarks/asv.conf.json")
    'benchmarks-asv-conf-json.json'
    """
    name = "".join(character if character.isalnum() and character.isascii() else "-" for character in suite)
    return f"{name[:80] or 'suite'}.json"


def read_runs(folder: Path, job: Job) -> list[Run]:
    """Return what was measured, the shards of a suite joined into one run.

    Raises:
        InvalidInput: There are too many files, or one is too large, cannot be read, or is about something else than
            *job*.
    """
    files = sorted(path for path in folder.rglob("*.json") if path.is_file() and not path.is_symlink())
    if len(files) > MAX_FILES:
        raise InvalidInput(f"{folder} holds {len(files)} result files, at most {MAX_FILES} are reported together")
    whole: list[Run] = []
    parts: dict[tuple[str, str], list[tuple[str, Run]]] = {}
    for name, run in _read(files, job):
        if run.shards:
            parts.setdefault((run.suite, run.commit.sha), []).append((name, run))
        else:
            whole.append(run)
    return [*whole, *map(shards.join, parts.values())]


def _read(files: list[Path], job: Job) -> Iterator[tuple[str, Run]]:
    for file in files:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise InvalidInput(f"{file.name} has {file.stat().st_size:,} bytes, at most {MAX_FILE_BYTES:,} are read")
        run = result_file.read(file.read_bytes(), source=file.name)
        _require_same(run, job, file.name)
        yield file.name, run


def _require_same(run: Run, job: Job, name: str) -> None:
    """Refuse a result about another commit or pull request than the event's."""
    expected = job.head if len(job.head) >= 40 else ""
    if expected and run.commit.sha != expected:
        raise InvalidInput(f"{name} is about commit {plain(run.commit.sha)}, this job about {expected}: it is refused")
    if run.pull_request != job.pull_request:
        theirs, ours = run.pull_request or "none", job.pull_request or "none"
        raise InvalidInput(f"{name} is about pull request {theirs}, this job about {ours}: it is refused")
