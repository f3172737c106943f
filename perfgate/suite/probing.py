"""One deterministic number of each benchmark on both sides: what memory and instructions have in common.

Both sides work at the same time: nothing here is timed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.records import MAX_TEXT_CHARACTERS, Benchmark, Metric, Sample, State
from perfgate.suite.discover import Kind, Suite
from perfgate.suite.lockstep import ONE_THREAD
from perfgate.suite.pytest_pairs import pytest_command
from perfgate.suite.server import GRACE_SECONDS, START_SECONDS, Ended, Server, stop_all
from perfgate.suite.sides import SERVED, Side
from perfgate.suite.source import Item

Progress = Callable[[str], None]
"""Is told, in a few words, what begins."""

_SEED = 0
"""Hash seed of both sides: another would change what is counted, by up to an eighth."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What is looked at, and how the processes must be started for it."""

    metric: Metric
    """Its name is that of the function in `served.probes`."""
    is_alone: bool
    """Each benchmark gets a process that was started for it; otherwise one that was forked right after import."""
    patience: float
    """How much slower than usual the process runs."""
    start_seconds: float
    """How long importing or collecting a suite may take."""
    launcher: Callable[[Side], tuple[Side, Sequence[str]]] = lambda side: (side, ())
    """Return a side whose `python` is another program, and that program's arguments with the interpreter last."""
    read: Callable[[dict[str, Any]], float] = lambda answer: float(answer["value"])
    """Returns the number from the process's answer.

    Raises:
        MeasurementFailed: There is none.
    """


@dataclass(kw_only=True)
class _Found:
    """What one benchmark gave: a value per role, or why there is none."""

    values: dict[str, float] = field(default_factory=dict)
    reason: str = ""
    is_skip: bool = False


class _Live:
    """The processes that serve both sides now, and what they have still to serve."""

    def __init__(self, sides: Mapping[str, Side], suite: Suite, folder: Path, probe: Probe, timeout: float) -> None:
        self._sides = sides
        self._suite = suite
        self._folder = folder
        self._probe = probe
        self._timeout_seconds = timeout
        self._servers: dict[str, Server] = {}
        self._wanted: frozenset[str] = frozenset()
        self._collected: dict[str, list[str]] = {}
        self._ahead: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        self._rooms: dict[tuple[str, str | None], Path] = {}

    def probe(self, item: Item, following: Sequence[Item]) -> _Found:
        """Return what *item* gives; *following* are those that the same processes may be asked for next."""
        try:
            rooms = {role: self._room(side, item) for role, side in self._sides.items()}
            if not self._can_reach(item):
                self._renew([item] if self._probe.is_alone else [item, *following])
            found = self._ask(item, rooms)
        except Ended as end:
            self.stop(0.0)
            return _Found(reason=end.reason)
        if self._probe.is_alone:
            self.stop(GRACE_SECONDS)
        return found

    def _can_reach(self, item: Item) -> bool:
        """Tell whether the live processes can go on to *item*, or have found that it is not there."""
        return item.address in self._wanted and all(
            item.address in self._ahead[role] or item.address not in self._collected[role] for role in self._sides
        )

    def stop(self, grace_seconds: float) -> None:
        """End the processes; none is no error."""
        stop_all(self._servers.values(), grace_seconds)
        self._servers, self._wanted, self._collected, self._ahead = {}, frozenset(), {}, {}

    def _renew(self, wanted: Sequence[Item]) -> None:
        """End the processes and start others that will be asked for *wanted*, both sides at once."""
        self.stop(GRACE_SECONDS)
        ids = [item.address for item in wanted]
        self._wanted = frozenset(ids)
        for role, side in self._sides.items():
            started, words = self._probe.launcher(side)
            self._servers[role] = Server(
                started,
                [*words, *self._arguments(side, wanted)],
                cwd=side.checkout if self._suite.kind is Kind.PYTEST_BENCHMARK else self._folder,
                hash_seed=_SEED,
                output=self._output(side),
                variables={name: "1" for name in ONE_THREAD if name not in side.variables},
            )
            self._servers[role].send(**self._common(side), wanted=ids)
        for role, server in self._servers.items():
            collected = server.expect("collected", self._probe.start_seconds)
            self._collected[role] = self._ahead[role] = collected["ids"]
            self._errors[role] = collected["errors"]

    def _arguments(self, side: Side, wanted: Sequence[Item]) -> list[str]:
        if self._suite.kind is Kind.ASV:
            return ["-m", f"{SERVED}.asv_probe"]
        files = dict.fromkeys(item.address.partition("::")[0] for item in wanted)
        return [*pytest_command(side), "-p", f"{SERVED}.pytest_probe", *files]

    def _common(self, side: Side) -> dict[str, object]:
        """Return what a process is told first."""
        return {
            "metric": self._probe.metric.name,
            "forks": not self._probe.is_alone,
            "folder": str(side.checkout / (self._suite.folder or "")),
            "origins": {**side.origins, "benchmarks": [str(side.checkout / path) for path in self._suite.shared]},
        }

    def _ask(self, item: Item, rooms: Mapping[str, Path]) -> _Found:
        for role, ahead in self._ahead.items():
            if item.address not in ahead:
                why = "; ".join(self._errors[role]) or "it is not there"
                return _Found(reason=f"{role}: pytest does not collect {item.address}: {why}")
        for role, server in self._servers.items():
            self._ahead[role] = self._ahead[role][self._ahead[role].index(item.address) + 1 :]
            server.send(do="probe", id=item.address, room=str(rooms[role]))
        patience = (item.timeout_seconds or self._timeout_seconds) * self._probe.patience
        answers = {role: server.receive(patience) for role, server in self._servers.items()}
        found = _Found(is_skip=all(answer["outcome"] == "skipped" for answer in answers.values()))
        reasons = []
        for role, answer in answers.items():
            self._sides[role].refuse_foreign(answer["foreign"])
            if answer["outcome"] != "passed":
                reasons.append(f"{role}: {answer['outcome']}: {answer['reason']}")
            elif answer["value"] is None:
                reasons.append(f"{role}: passed without being measured")
            else:
                try:
                    found.values[role] = self._probe.read(answer)
                except MeasurementFailed as error:
                    reasons.append(f"{role}: {error}")
        found.reason = "; ".join(reasons)
        return found

    def _room(self, side: Side, item: Item) -> Path:
        """Return the folder that an asv benchmark runs in, after `setup_cache` filled it, at full speed, once for all."""
        key = (side.role, item.cache)
        if key not in self._rooms:
            room = self._folder / f"{side.role}_probe_room" / f"{len(self._rooms) // 2:04d}"
            room.mkdir(parents=True, exist_ok=True)
            if item.cache is not None:
                self._fill(side, item, room)
            self._rooms[key] = room
        return self._rooms[key]

    def _fill(self, side: Side, item: Item, room: Path) -> None:
        started = Server(side, self._arguments(side, [item]), cwd=room, hash_seed=_SEED, output=self._output(side))
        with started as server:
            server.send(**self._common(side), wanted=[])
            server.expect("collected", START_SECONDS)
            server.send(do="cache", id=item.address, room=str(room))
            answer = server.receive(item.cache_timeout_seconds or item.timeout_seconds or self._timeout_seconds)
            if answer["outcome"] != "passed":
                raise Ended(f"{side.role}: setup_cache: {answer['reason']}")

    def _output(self, side: Side) -> Path:
        return self._folder / f"{side.role}_probe_out"


def take(
    sides: Mapping[str, Side],
    suite: Suite,
    items: Sequence[Item],
    folder: Path,
    *,
    probe: Probe,
    timeout_seconds: float,
    progress: Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return one sample of each benchmark for each side, in the order of *items*: one round of one number.

    A benchmark that fails on one side has a failed sample on both, with the side in its reason; the others are
    not concerned.

    Args:
        sides: Both sides, by role, prepared, with the same files of benchmarks.
        suite: Where these stand.
        items: Which to look at, in the tool's own order.
        folder: Where processes run and write.
        probe: What to look at.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
        progress: Is told what begins.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    live = _Live(sides, suite, folder, probe, timeout_seconds)
    samples: dict[str, list[Sample]] = {role: [] for role in sides}
    try:
        for index, item in enumerate(items):
            if progress:
                progress(f"{probe.metric.name} of {item.label} ({index + 1} of {len(items)})")
            found = live.probe(item, items[index + 1 :])
            for role, taken in samples.items():
                taken.append(_sample(item.benchmark, probe.metric, found, role))
        live.stop(GRACE_SECONDS)
    finally:
        live.stop(0.0)
    return {role: tuple(taken) for role, taken in samples.items()}


def _sample(benchmark: Benchmark, metric: Metric, found: _Found, role: str) -> Sample:
    if found.reason:
        state = State.SKIPPED if found.is_skip else State.FAILED
        return Sample(benchmark=benchmark, metric=metric, state=state, reason=found.reason[:MAX_TEXT_CHARACTERS])
    value = found.values[role]
    return Sample(benchmark=benchmark, metric=metric, value=value, rounds=((value,),), calls=1)
