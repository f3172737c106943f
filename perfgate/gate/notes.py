"""What a reader must know about how a verdict was made."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate.formatting import share
from perfgate.results import shards
from perfgate.results.records import Run

MAY_DIFFER = frozenset({"dependencies"})
"""Environment fields in which head may differ from base: a new dependency is part of the change under test."""

NOTHING_COMPARED = "Nothing was compared: no benchmark was measured on both sides."


def incomparable(run: Run) -> str:
    """Return why the two sides of *run* may not be compared; empty if they may."""
    if run.baseline is None:
        return "No baseline was measured beside this run."
    differing = run.environment.differences(run.baseline.environment)
    parts = [f"{name}: {theirs!r} and {ours!r}" for name, (ours, theirs) in differing.items() if name not in MAY_DIFFER]
    return f"Base and head were measured in different environments ({'; '.join(parts)})." if parts else ""


def notes(run: Run) -> Iterator[str]:
    """Yield remarks on a run, one sentence each."""
    if run.baseline and "dependencies" in run.environment.differences(run.baseline.environment):
        yield "Base and head have different dependencies installed; their effect is part of the measured change."
    yield from run.notes
    yield from _shard_notes(run)
    if run.commit.dirty:
        yield "Head had uncommitted changes."
    if run.refused:
        yield f"{len(run.refused)} parts of the result file could not be read."


def drift_note(runner: str, inflation: float) -> str:
    """Return the remark on a runner that drifts."""
    return (
        f"{runner} drifts: benchmarks that hardly changed differ {inflation:.1f} times as much as their pairs explain."
        " All intervals were widened by that factor."
    )


def _shard_notes(run: Run) -> Iterator[str]:
    if not run.shards:
        return
    count = run.shards[0].count
    yield (
        f"The suite was measured in {count} shards, each judged separately with {share(1 / count, digits=2)} of the"
        " false-alarm rate."
    )
    if missing := shards.missing(run):
        named = f"Shard {missing[0]}" if len(missing) == 1 else f"Shards {', '.join(map(str, missing))}"
        yield (
            f"{named} of {count} {'is' if len(missing) == 1 else 'are'} missing: this is no verdict on the whole suite."
            " Join the result files of all shards with perfgate merge."
        )
