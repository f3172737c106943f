"""The rows that name what was measured: environments and their states, commits, benchmarks, series.

Each function takes what some runs need, makes what is missing in bulk, and returns ids. All of them are called inside a
transaction that holds the project's lock, so that no two of them make the same row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from django.db import connection, models
from django.db.models import QuerySet

from perfgate.errors import InvalidResult
from perfgate.results import records
from perfgate.results.records import as_utc
from webapp.history.chunks import MAX_SEGMENTS, slices
from webapp.history.models import (
    Benchmark,
    Commit,
    Environment,
    EnvironmentState,
    PolicyText,
    Project,
    Series,
    UploadContext,
)

BATCH = 1_000
"""Rows in one INSERT."""

Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model", bound=models.Model)

SeriesKey = tuple[int, int, str, str, str]
"""Environment id, benchmark id, metric, unit, branch."""


@dataclass
class KnownSeries:
    """A series as far as storing points needs it."""

    id: int
    direction: str
    segments: list[list[str]]
    changed: bool = False

    def segment(self, fingerprint: str, version: str) -> int:
        """Return the position of a segment, added at the end if it is new.

        Raises:
            InvalidResult: The series has all the segments that it can have. A retry cannot help.
        """
        wanted = [fingerprint, version]
        if wanted in self.segments:
            return self.segments.index(wanted)
        if len(self.segments) == MAX_SEGMENTS:
            raise InvalidResult(
                f"series {self.id} has {MAX_SEGMENTS} segments already, the most there can be: upload under another "
                "environment name",
                path="$.run.environment",
            )
        self.segments.append(wanted)
        self.changed = True
        return len(self.segments) - 1


def sha256(text: str) -> str:
    """Return the SHA-256 of *text* in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def benchmark_key(benchmark: records.Benchmark) -> str:
    """Return what identifies a benchmark in its project; its version does not."""
    return hashlib.sha256(msgspec.json.encode((benchmark.name, list(benchmark.parameters.items())))).hexdigest()


def environments(project: Project, runs: Sequence[records.Run]) -> dict[str, Environment]:
    """Return the environments of *runs* by name."""
    wanted = {sha256(name): name for name in {run.environment.name for run in runs}}
    rows = _rows(
        Environment.objects.filter(project=project),
        "key",
        wanted,
        lambda key: Environment(project=project, key=key, name=wanted[key]),
    )
    return {row.name: row for row in rows.values()}


def states(named: Mapping[str, Environment], runs: Sequence[records.Run]) -> dict[tuple[str, str], int]:
    """Return the ids of the environment states of *runs*, by environment name and fingerprint."""
    wanted = {(run.environment.name, run.environment.fingerprint): run.environment for run in runs}
    name_of = {row.pk: name for name, row in named.items()}
    found = {
        (name_of[environment], fingerprint): one
        for one, environment, fingerprint in EnvironmentState.objects.filter(
            environment__in=list(name_of), fingerprint__in={fingerprint for _, fingerprint in wanted}
        ).values_list("id", "environment_id", "fingerprint")
    }
    missing = {
        key: EnvironmentState(environment=named[key[0]], fingerprint=key[1], fields=environment.fields)
        for key, environment in wanted.items()
        if key not in found
    }
    EnvironmentState.objects.bulk_create(missing.values(), batch_size=BATCH)
    return found | {key: row.pk for key, row in missing.items()}


def commits(project: Project, wanted: Iterable[records.Commit]) -> dict[str, int]:
    """Return the ids of commits by sha; what an earlier run did not know of a commit is filled in."""
    told: dict[str, records.Commit] = {}
    for commit in wanted:
        told[commit.sha] = _merged(commit, told[commit.sha]) if commit.sha in told else commit
    rows = _rows(
        Commit.objects.filter(project=project),
        "sha",
        told,
        lambda sha: Commit(
            project=project,
            sha=sha,
            committed_at=moment(told[sha].committed_at),
            generation=told[sha].generation,
            subject=told[sha].subject,
            author=told[sha].author,
        ),
    )
    completed = [row for sha, row in rows.items() if _complete(row, told[sha])]
    Commit.objects.bulk_update(completed, ["committed_at", "generation", "subject", "author"], batch_size=100)
    return {sha: row.pk for sha, row in rows.items()}


def benchmarks(project: Project, wanted: Mapping[str, records.Benchmark]) -> dict[str, int]:
    """Return the ids of benchmarks by `benchmark_key`."""
    found: dict[str, int] = {}
    for keys in slices(list(wanted)):
        found.update(Benchmark.objects.filter(project=project, key__in=keys).values_list("key", "id"))
    missing = [
        Benchmark(project=project, key=key, name=each.name, parameters=each.parameters, label=each.label)
        for key, each in wanted.items()
        if key not in found
    ]
    Benchmark.objects.bulk_create(missing, batch_size=BATCH)
    return found | {row.key: row.pk for row in missing}


def series(wanted: Mapping[SeriesKey, records.Metric]) -> dict[SeriesKey, KnownSeries]:
    """Return the series that points are stored in."""
    fields = ("environment_id", "benchmark_id", "metric", "unit", "branch")
    among = {key[0] for key in wanted}
    found: dict[SeriesKey, KnownSeries] = {}
    for part in slices(list({key[1] for key in wanted})):
        rows = Series.objects.filter(environment__in=among, benchmark__in=part)
        for row in rows.values_list(*fields, "id", "direction", "segments"):
            if row[:5] in wanted:
                found[row[:5]] = KnownSeries(id=row[5], direction=row[6], segments=row[7])
    missing = {key: metric for key, metric in wanted.items() if key not in found}
    made = Series.objects.bulk_create(
        [
            Series(**dict(zip(fields, key, strict=True)), direction=metric.direction.value)
            for key, metric in missing.items()
        ],
        batch_size=BATCH,
    )
    for key, row in zip(missing, made, strict=True):
        found[key] = KnownSeries(id=row.pk, direction=row.direction, segments=[])
    return found


def save_series(known: Iterable[KnownSeries]) -> None:
    """Write the segments and directions that changed."""
    rows = [(json.dumps(each.segments), each.direction, each.id) for each in known if each.changed]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany("UPDATE history_series SET segments = %s, direction = %s WHERE id = %s", rows)


def contexts(contents: Mapping[str, bytes]) -> dict[str, int]:
    """Return the ids of upload contexts by digest; *contents* are compressed."""
    if not contents:
        return {}
    digests = sorted(contents)
    # Contexts are shared by all projects, so that the project's lock does not guard them.
    UploadContext.objects.bulk_create(
        [UploadContext(digest=digest, content=contents[digest]) for digest in digests], ignore_conflicts=True
    )
    return dict(UploadContext.objects.filter(digest__in=digests).values_list("digest", "id"))


def policy_digest(policy: records.Policy) -> str:
    """Return what identifies a policy, whichever commit it was read from."""
    return sha256(f"{policy.path}\n{policy.text}")


def policies(wanted: Iterable[records.Policy]) -> dict[str, int]:
    """Return the ids of policies by `policy_digest`."""
    named = {policy_digest(each): each for each in wanted}
    if not named:
        return {}
    digests = sorted(named)
    # Like contexts, they are shared by all projects.
    PolicyText.objects.bulk_create(
        [PolicyText(digest=digest, path=named[digest].path, text=named[digest].text) for digest in digests],
        ignore_conflicts=True,
    )
    return dict(PolicyText.objects.filter(digest__in=digests).values_list("digest", "id"))


def moment(when: datetime | None) -> datetime | None:
    """Return *when* in UTC, None for a time that falls out of the calendar there."""
    try:
        return None if when is None else as_utc(when)
    except OverflowError:
        return None


def _rows(
    rows: QuerySet[Model], field: str, wanted: Mapping[str, Any], make: Callable[[str], Model]
) -> dict[str, Model]:
    """Return the rows whose *field* is a key of *wanted*, by that field, made where there was none."""
    found: dict[str, Model] = {}
    for keys in slices(list(wanted)):
        found.update({getattr(row, field): row for row in rows.filter(**{f"{field}__in": keys})})
    missing = [make(key) for key in wanted if key not in found]
    rows.model._default_manager.bulk_create(missing, batch_size=BATCH)  # noqa: SLF001 - Django's documented name
    return found | {getattr(row, field): row for row in missing}


def _merged(one: records.Commit, other: records.Commit) -> records.Commit:
    return records.Commit(
        sha=one.sha,
        committed_at=one.committed_at or other.committed_at,
        generation=one.generation or other.generation,
        subject=one.subject or other.subject,
        author=one.author or other.author,
    )


def _complete(row: Commit, told: records.Commit) -> bool:
    """Fill in what *row* lacks; git's generation always counts, for a shallow clone's graph may have grown since."""
    changed = False
    for field, value in (
        ("committed_at", moment(told.committed_at)),
        ("subject", told.subject),
        ("author", told.author),
    ):
        if value and not getattr(row, field):
            setattr(row, field, value)
            changed = True
    if told.generation is not None and told.generation != row.generation:
        row.generation = told.generation
        changed = True
    return changed
