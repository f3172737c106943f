"""Get or create the rows that runs refer to: environments and their states, commits, benchmarks, contexts, policies.

Each function takes what some runs refer to, creates missing rows in bulk, and returns ids. The caller must hold the
project's lock in a transaction, so that no two callers create the same row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from django.db import models
from django.db.models import QuerySet

from perfgate.results import records
from webapp.history.chunks import slices
from webapp.history.models import (
    Benchmark,
    Commit,
    Environment,
    EnvironmentState,
    PolicyText,
    Project,
    UploadContext,
)

BATCH = 1_000
"""Rows in one INSERT."""

Key = TypeVar("Key", bound=Hashable)
Model = TypeVar("Model", bound=models.Model)


def sha256(text: str) -> str:
    """Return the SHA-256 of *text* in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def benchmark_key(benchmark: records.Benchmark) -> str:
    """Return the key of a benchmark in its project: a digest of name and parameters, without the version."""
    return hashlib.sha256(msgspec.json.encode((benchmark.name, list(benchmark.parameters.items())))).hexdigest()


def environments(project: Project, runs: Sequence[records.Run]) -> dict[str, Environment]:
    """Return the environments of *runs* by name."""
    names = {sha256(name): name for name in {run.environment.name for run in runs}}
    rows = _get_or_create(
        Environment.objects.filter(project=project),
        "key",
        names,
        lambda key: Environment(project=project, key=key, name=names[key]),
    )
    return {row.name: row for row in rows.values()}


def states(named: Mapping[str, Environment], runs: Sequence[records.Run]) -> dict[tuple[str, str], int]:
    """Return the ids of the environment states of *runs*, by environment name and fingerprint."""
    needed = {(run.environment.name, run.environment.fingerprint): run.environment for run in runs}
    name_of = {row.pk: name for name, row in named.items()}
    found = {
        (name_of[environment], fingerprint): state
        for state, environment, fingerprint in EnvironmentState.objects.filter(
            environment__in=list(name_of), fingerprint__in={fingerprint for _, fingerprint in needed}
        ).values_list("id", "environment_id", "fingerprint")
    }
    missing = {
        key: EnvironmentState(environment=named[key[0]], fingerprint=key[1], fields=environment.fields)
        for key, environment in needed.items()
        if key not in found
    }
    EnvironmentState.objects.bulk_create(missing.values(), batch_size=BATCH)
    return found | {key: row.pk for key, row in missing.items()}


def commits(project: Project, needed: Iterable[records.Commit]) -> dict[str, int]:
    """Return the ids of commits by sha. Facts that the stored commit lacks are added to it."""
    known: dict[str, records.Commit] = {}
    for commit in needed:
        known[commit.sha] = _merged(commit, known[commit.sha]) if commit.sha in known else commit
    rows = _get_or_create(
        Commit.objects.filter(project=project),
        "sha",
        known,
        lambda sha: Commit(
            project=project,
            sha=sha,
            committed_at=valid_utc(known[sha].committed_at),
            generation=known[sha].generation,
            subject=known[sha].subject,
            author=known[sha].author,
        ),
    )
    completed = [row for sha, row in rows.items() if _complete(row, known[sha])]
    Commit.objects.bulk_update(completed, ["committed_at", "generation", "subject", "author"], batch_size=100)
    return {sha: row.pk for sha, row in rows.items()}


def benchmarks(project: Project, needed: Mapping[str, records.Benchmark]) -> dict[str, int]:
    """Return the ids of benchmarks by `benchmark_key`."""
    found: dict[str, int] = {}
    for keys in slices(list(needed)):
        found.update(Benchmark.objects.filter(project=project, key__in=keys).values_list("key", "id"))
    missing = [
        Benchmark(project=project, key=key, name=benchmark.name, parameters=benchmark.parameters, label=benchmark.label)
        for key, benchmark in needed.items()
        if key not in found
    ]
    Benchmark.objects.bulk_create(missing, batch_size=BATCH)
    return found | {row.key: row.pk for row in missing}


def contexts(contents: Mapping[str, bytes]) -> dict[str, int]:
    """Return the ids of upload contexts by digest; *contents* are compressed."""
    if not contents:
        return {}
    digests = sorted(contents)
    # All projects share contexts, so the project's lock does not protect them.
    UploadContext.objects.bulk_create(
        [UploadContext(digest=digest, content=contents[digest]) for digest in digests], ignore_conflicts=True
    )
    return dict(UploadContext.objects.filter(digest__in=digests).values_list("digest", "id"))


def policy_digest(policy: records.Policy) -> str:
    """Return the digest of a policy, which does not depend on the commit that it was read from."""
    return sha256(f"{policy.path}\n{policy.text}")


def policies(needed: Iterable[records.Policy]) -> dict[str, int]:
    """Return the ids of policies by `policy_digest`."""
    by_digest = {policy_digest(policy): policy for policy in needed}
    if not by_digest:
        return {}
    digests = sorted(by_digest)
    # All projects share policies, so the project's lock does not protect them.
    PolicyText.objects.bulk_create(
        [PolicyText(digest=digest, path=by_digest[digest].path, text=by_digest[digest].text) for digest in digests],
        ignore_conflicts=True,
    )
    return dict(PolicyText.objects.filter(digest__in=digests).values_list("digest", "id"))


def valid_utc(time: datetime | None) -> datetime | None:
    """Return *time* in UTC; None if it is outside the calendar there."""
    try:
        return None if time is None else records.as_utc(time)
    except OverflowError:
        return None


def _get_or_create(
    rows: QuerySet[Model], field: str, needed: Mapping[str, Any], create: Callable[[str], Model]
) -> dict[str, Model]:
    """Return the rows whose *field* is a key of *needed*, by that field; missing rows are created."""
    found: dict[str, Model] = {}
    for keys in slices(list(needed)):
        found.update({getattr(row, field): row for row in rows.filter(**{f"{field}__in": keys})})
    missing = [create(key) for key in needed if key not in found]
    rows.model._default_manager.bulk_create(missing, batch_size=BATCH)  # noqa: SLF001 - Django's documented name
    return found | {getattr(row, field): row for row in missing}


def _merged(commit: records.Commit, earlier: records.Commit) -> records.Commit:
    return records.Commit(
        sha=commit.sha,
        committed_at=commit.committed_at or earlier.committed_at,
        generation=commit.generation or earlier.generation,
        subject=commit.subject or earlier.subject,
        author=commit.author or earlier.author,
    )


def _complete(row: Commit, known: records.Commit) -> bool:
    """Set what *row* lacks; return whether anything changed.

    A generation from git replaces the stored one, because the history of a shallow clone may have grown.
    """
    changed = False
    for field, value in (
        ("committed_at", valid_utc(known.committed_at)),
        ("subject", known.subject),
        ("author", known.author),
    ):
        if value and not getattr(row, field):
            setattr(row, field, value)
            changed = True
    if known.generation is not None and known.generation != row.generation:
        row.generation = known.generation
        changed = True
    return changed
