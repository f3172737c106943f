"""A suite cut into parts that are measured apart, and their runs joined into one again.

A part is every n-th benchmark of the sorted labels: parts are equally large to within one, the combinations of one
parametrised benchmark, which cost about the same, are spread over all parts, and whoever collects the same suite cuts
it the same way. That two machines did is checked by a digest of all labels.

Every part is measured and judged by itself, with its share of the error (see `perfgate.gate`): joining decides nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec

from perfgate.errors import InvalidInput
from perfgate.formatting import plain
from perfgate.results.records import (
    COMPARABILITY_FIELDS,
    MAX_SHARDS,
    MAX_TEXT_CHARACTERS,
    SAME_MACHINE_FIELDS,
    Environment,
    Run,
    Sample,
    Shard,
)


def numbers(text: str) -> tuple[int, int]:
    """Read which part of how many is meant.

    Raises:
        ValueError: It is not written ``i/n`` with whole numbers, 1 ≤ i ≤ n ≤ `MAX_SHARDS`.

    >>> numbers("2/3")
    (2, 3)
    """
    number, _, count = text.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count) <= MAX_SHARDS):
        raise ValueError(f"{text!r} names no shard: write 2/3 for the second of three; up to {MAX_SHARDS} are possible")
    return int(number), int(count)


def cut(labels: Collection[str], number: int, count: int) -> Shard:
    """Return the *number*-th (1-based) of *count* parts of a suite with these *labels*; it may be empty."""
    ordered = sorted(labels)
    digest = hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]
    return Shard(number=number, count=count, labels=tuple(ordered[number - 1 :: count]), suite=digest)


def missing(run: Run) -> tuple[int, ...]:
    """Return the numbers of the parts that *run* lacks; none where the suite was not cut."""
    present = {shard.number for shard in run.shards}
    return tuple(number for number in range(1, run.shards[0].count + 1) if number not in present) if present else ()


def join(files: Sequence[tuple[str, Run]]) -> Run:
    """Return the run that holds all parts, in the order of their numbers.

    Parts may come from different machines, for both sides of every pair ran on one; the run then says so. Parts that
    are missing are no error: see `missing`.

    Args:
        files: Name and content of each file, at least one.

    Raises:
        InvalidInput: A file holds no part, or one that another file holds too, or one of another comparison.
    """
    for name, run in files:
        if not run.shards or run.baseline is None:
            raise InvalidInput(f"{plain(name)} is no shard: it was not measured by 'perfgate check --shard i/n'")
    first_name, first = files[0]
    for name, run in files[1:]:
        for what, ours, theirs in _facts(first, run):
            if ours != theirs:
                raise InvalidInput(
                    f"{plain(name)} does not belong to {plain(first_name)}: {what} is {plain(theirs)!r}, not"
                    f" {plain(ours)!r}. Measure all shards of one comparison with the same arguments"
                )
    _refuse_twice(files)
    runs = [run for _, run in sorted(files, key=lambda file: file[1].shards[0].number)]
    return _one_side(
        runs,
        baseline=_one_side([run.baseline for run in runs if run.baseline]),
        exempt=tuple(label for run in runs for label in run.exempt),
        assumptions=tuple(dict.fromkeys(text for run in runs for text in run.assumptions)),
        notes=tuple(dict.fromkeys([*(text for run in runs for text in run.notes), *_machines(runs)])),
        shards=tuple(sorted((shard for run in runs for shard in run.shards), key=lambda shard: shard.number)),
    )


def _facts(first: Run, other: Run) -> Iterator[tuple[str, str, str]]:
    """Yield what parts of one comparison have in common: what it is, and as either has it."""
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
    # Last: of what else differs, a suite that differs is the consequence.
    yield "the digest of the benchmarks collected", first.shards[0].suite, other.shards[0].suite


def _refuse_twice(files: Sequence[tuple[str, Run]]) -> None:
    seen: dict[int, str] = {}
    for name, run in files:
        for shard in run.shards:
            if shard.number in seen:
                raise InvalidInput(
                    f"shard {shard.number} of {shard.count} is in {plain(seen[shard.number])} and in {plain(name)}:"
                    " give each shard once"
                )
            seen[shard.number] = name


def _one_side(runs: Sequence[Run], **more: object) -> Run:
    """Return one side of all parts; what every part lists (a benchmark that head removed) is listed once.

    Args:
        runs: That side of each part.
        more: Fields of the joined run that are made otherwise.
    """
    samples: dict[tuple[str, str], Sample] = {}
    for run in runs:
        for sample in run.samples:
            samples.setdefault((sample.benchmark.label, sample.metric.name), sample)
    began: list[datetime] = [run.started_at for run in runs if run.started_at]
    return msgspec.structs.replace(
        runs[0],
        samples=tuple(samples.values()),
        refused=tuple(refusal for run in runs for refusal in run.refused),
        started_at=min(began, default=None),
        environment=_environment([run.environment for run in runs]),
        **more,
    )


def _environment(each: Sequence[Environment]) -> Environment:
    """Return the facts that all share, and where they differ those of all parts, in order.

    So the two sides of the joined run agree exactly where those of every part do.
    """
    names = dict.fromkeys(name for one in each for name in one.fields)
    values = {name: [one.fields.get(name, "") for one in each] for name in names}
    return msgspec.structs.replace(
        each[0],
        fields={
            name: found[0] if len(set(found)) == 1 else " | ".join(found)[:MAX_TEXT_CHARACTERS]
            for name, found in values.items()
        },
    )


def _machines(runs: Sequence[Run]) -> Iterator[str]:
    """Yield that, and in what, the machines of the parts differ."""
    fields = {}
    for name in (*SAME_MACHINE_FIELDS, *COMPARABILITY_FIELDS):
        found = dict.fromkeys(plain(run.environment.fields.get(name, "")) or "unknown" for run in runs)
        if len(found) > 1:
            fields[name] = " and ".join(found)
    if fields:
        named = "; ".join(f"{name}: {values}" for name, values in fields.items())
        yield f"The shards were measured in different environments ({named}); both sides of every pair ran in one."[
            :MAX_TEXT_CHARACTERS
        ]
