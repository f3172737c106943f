"""What asv published about a history: the order of its commits, and its regressions."""

from __future__ import annotations

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfgate.results.records import Commit


@dataclass(frozen=True)
class PublishedStep:
    """One step up of one published regression."""

    regression: int
    """Number of its regression; a regression may have several steps."""
    benchmark: str
    machine: str
    python: str
    before: int
    """Last revision at the old level."""
    after: int
    """First revision at the new level."""
    effect: float
    """After ÷ before − 1."""


@dataclass(frozen=True)
class Published:
    """The part of the published site that is compared."""

    hashes: dict[int, str]
    """Commits by revision; asv's revision is the number of ancestors, which orders them."""
    benchmarks: frozenset[str]
    """Names; asv publishes nothing about benchmarks that the suite no longer has."""
    steps: tuple[PublishedStep, ...]

    @property
    def commits(self) -> dict[str, Commit]:
        """Return the commits in order, by sha, as a clone has them."""
        return {sha: Commit(sha=sha, generation=revision + 1) for revision, sha in self.hashes.items()}


def read(archive: Path) -> Published:
    """Read ``index.json`` and ``regressions.json`` out of an archive of the site."""
    with tarfile.open(archive) as members:
        documents: dict[str, Any] = {}
        for member in members:
            name = Path(member.name).name
            content = members.extractfile(member) if name in {"index.json", "regressions.json"} else None
            if content is not None:
                documents[name] = json.load(content)
    if len(documents) < 2:
        raise SystemExit(
            f"{archive} holds no index.json and regressions.json: name an archive of a site that asv published"
        )
    index = documents["index.json"]
    return Published(
        hashes={int(revision): sha for revision, sha in index["revision_to_hash"].items()},
        benchmarks=frozenset(index["benchmarks"]),
        steps=tuple(
            step
            for number, entry in enumerate(documents["regressions.json"]["regressions"], 1)
            for step in _steps(number, *entry)
        ),
    )


def _steps(
    number: int, name: str, _: str, graph: dict[str, str], parameter: int | None, *rest: Any
) -> list[PublishedStep]:
    """Return the steps of one entry of ``regressions.json``; asv gives the revision before only where commits lie between."""
    if parameter is not None:
        raise SystemExit(f"{name} has parameters: published regressions of such benchmarks are not compared")
    _, _, jumps = rest
    return [
        PublishedStep(
            number,
            name,
            graph["machine"],
            graph["python"],
            after - 1 if before is None else before,
            after,
            new / old - 1,
        )
        for before, after, old, new in jumps
    ]
