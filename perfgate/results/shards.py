"""Split a suite into shards that are measured separately, and join their runs into one.

A shard is every n-th benchmark of the sorted labels. So shards have equal sizes to within one benchmark, the parameter
combinations of one benchmark, which cost about the same, are spread over all shards, and every machine that collects
the same suite splits it the same way. A digest of all labels verifies the latter.

Each shard is measured and judged separately, with its share of the error rate (see `perfgate.gate`). Joining decides
nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain

import msgspec

from perfgate.errors import InvalidInput
from perfgate.formatting import plain
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import (
    COMPARABILITY_FIELDS,
    MAX_SHARDS,
    SAME_MACHINE_FIELDS,
    Environment,
    Run,
    Sample,
    Shard,
)


def parse(text: str) -> tuple[int, int]:
    """Return the number of a shard and the count of shards from ``i/n``.

    Raises:
        ValueError: It is not ``i/n`` with whole numbers, 1 ≤ i ≤ n ≤ `MAX_SHARDS`.

    >>> parse("2/3")
    (2, 3)
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= MAX_SHARDS):
        raise ValueError(f"{text!r} names no shard: write 2/3 for the second of three; up to {MAX_SHARDS} are possible")
    return int(number), int(count)


def split(labels: Collection[str], number: int, count: int) -> Shard:
    """Return the *number*-th (1-based) of *count* shards of a suite with these *labels*; it can be empty."""
    ordered = sorted(labels)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]
    return Shard(number=number, count=count, labels=tuple(ordered[number - 1 :: count]), suite=digest)


def missing(run: Run) -> tuple[int, ...]:
    """Return the numbers of the shards that are not in *run*; none if the suite was not split."""
    present = {shard.number for shard in run.shards}
    return tuple(number for number in range(1, run.shards[0].count + 1) if number not in present) if present else ()


def join(files: Sequence[tuple[str, Run]]) -> Run:
    """Return the run that contains all shards, in the order of their numbers.

    The shards can come from different machines, because both sides of each pair ran on one machine. The joined run has a
    note if they do. Missing shards are no error here; see `missing`.

    Args:
        files: Name and content of each file, at least one.

    Raises:
        InvalidInput: A file contains no shard, or a shard that is in another file too, or a shard of another comparison.
    """
    _check(files)
    runs = [run for _, run in sorted(files, key=lambda file: file[1].shards[0].number)]
    return _join_one_side(
        runs,
        baseline=_join_one_side([run.baseline for run in runs if run.baseline]),
        exempt=tuple(label for run in runs for label in run.exempt),
        assumptions=_distinct(run.assumptions for run in runs),
        notes=_distinct([*(run.notes for run in runs), _note_on_machines(runs)]),
        shards=tuple(sorted((shard for run in runs for shard in run.shards), key=lambda shard: shard.number)),
    )


def _check(files: Sequence[tuple[str, Run]]) -> None:
    """Check that the files contain different shards of one comparison; raise as `join` does."""
    for name, run in files:
        if not run.shards or run.baseline is None:
            raise InvalidInput(f"{plain(name)} is no shard: it was not measured by 'perfgate check --shard i/n'")
    first_name, first = files[0]
    for name, run in files[1:]:
        for fact, expected, found in _common_facts(first, run):
            if expected != found:
                raise InvalidInput(
                    f"{plain(name)} does not belong to {plain(first_name)}: {fact} is {plain(found)!r}, not"
                    f" {plain(expected)!r}. Measure all shards of one comparison with the same arguments"
                )
    _check_duplicates(files)


def _common_facts(first: Run, other: Run) -> Iterator[tuple[str, str, str]]:
    """Yield the facts that shards of one comparison share: name, value in *first*, value in *other*."""
    assert first.baseline
    assert other.baseline
    yield "the number of shards", str(first.shards[0].count), str(other.shards[0].count)
    yield "its suite", first.suite, other.suite
    yield "its tool", first.tool, other.tool
    yield "its base", first.baseline.commit.sha, other.baseline.commit.sha
    yield "its head", first.commit.sha, other.commit.sha
    yield "its policy", str(first.policy), str(other.policy)
    yield "its pull request", str(first.pull_request), str(other.pull_request)
    yield "the name of its environment", first.environment.name, other.environment.name
    # Last, because a difference above causes this one.
    yield "the digest of the benchmarks collected", first.shards[0].suite, other.shards[0].suite


def _check_duplicates(files: Sequence[tuple[str, Run]]) -> None:
    seen: dict[int, str] = {}
    for name, run in files:
        for shard in run.shards:
            if shard.number in seen:
                raise InvalidInput(
                    f"shard {shard.number} of {shard.count} is in {plain(seen[shard.number])} and in {plain(name)}:"
                    " give each shard once"
                )
            seen[shard.number] = name


def _join_one_side(runs: Sequence[Run], **fields: object) -> Run:
    """Return one side of all shards. A sample that is in every shard (a benchmark that head removed) appears once.

    Args:
        runs: That side of each shard.
        fields: Further fields of the joined run.
    """
    samples: dict[tuple[str, str], Sample] = {}
    for run in runs:
        for sample in run.samples:
            samples.setdefault((sample.benchmark.label, sample.metric.name), sample)
    return msgspec.structs.replace(
        runs[0],
        samples=tuple(samples.values()),
        refused=tuple(refusal for run in runs for refusal in run.refused),
        started_at=min((run.started_at for run in runs if run.started_at), default=None),
        environment=_join_environments([run.environment for run in runs]),
        **fields,
    )


def _join_environments(environments: Sequence[Environment]) -> Environment:
    """Return the environment with the common value of each field, or with the values of all shards if they differ.

    So the two sides of the joined run have equal fields if and only if the two sides of every shard do.
    """
    names = dict.fromkeys(name for environment in environments for name in environment.fields)
    values = {name: [environment.fields.get(name, "") for environment in environments] for name in names}
    return msgspec.structs.replace(
        environments[0],
        fields={
            name: found[0] if len(set(found)) == 1 else " | ".join(found)[:MAX_TEXT_CHARACTERS]
            for name, found in values.items()
        },
    )


def _note_on_machines(runs: Sequence[Run]) -> tuple[str, ...]:
    """Return a note that names the fields in which the environments of the shards differ; none if they are equal."""
    differing = {}
    for name in (*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS):
        found = dict.fromkeys(plain(run.environment.fields.get(name, "")) or "unknown" for run in runs)
        if len(found) > 1:
            differing[name] = " and ".join(found)
    if not differing:
        return ()
    named = "; ".join(f"{name}: {values}" for name, values in differing.items())
    note = f"The shards were measured in different environments ({named}); both sides of every pair ran in one."
    return (note[:MAX_TEXT_CHARACTERS],)


def _distinct(texts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(texts)))
