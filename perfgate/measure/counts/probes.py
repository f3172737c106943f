"""What repeats of each benchmark on both sides: what measuring memory and counting instructions have in common.

Both sides work at the same time: nothing here is timed. Each benchmark gets a process of its own, forked from one that
has only imported or collected the suite: that is about half as dear as to start one for each, and an earlier benchmark
changes nothing of a later one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import Kind, Suite
from perfgate.measure.live.agent_process import GRACE_SECONDS, START_SECONDS, Ended, Server, stop_all
from perfgate.measure.live.lockstep import ONE_THREAD
from perfgate.measure.live.pytest_pairs import pytest_command
from perfgate.measure.live.source import Item
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from perfgate.results.records import Benchmark, Metric, Sample, SampleState, level

Progress = Callable[[str], None]
"""Is told, in a few words, what begins."""

Measurements = dict[str, list[float]]
"""By the name of the metric, what one process measured of it."""

OUT_OF_TIME = "the time budget was spent before it was its turn; allow more"

_SEED = 0
"""Hash seed of both sides: another would change what is counted, by up to an eighth."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What is looked at, and how the processes must be started for it."""

    name: str
    """That of the function in `agent.probes`."""
    metrics: tuple[Metric, ...]
    """What it measures; the first is there wherever it passes, the others where the system tells them."""
    patience: float
    """How much slower than usual the process runs."""
    start_seconds: float
    """How long importing or collecting a suite may take."""
    launcher: Callable[[Side], tuple[Side, Sequence[str]]] = lambda side: (side, ())
    """Return a side whose `python` is another program, and that program's arguments with the interpreter last."""
    read: Callable[[dict[str, Any]], Measurements] = lambda answer: dict(answer["found"])
    """Returns the numbers of the process's answer.

    Raises:
        MeasurementFailed: There are none.
    """


@dataclass(kw_only=True)
class _Found:
    """What one benchmark gave: measurements by role, or why there are none."""

    values: dict[str, Measurements] = field(default_factory=dict)
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
                self._renew([item, *following])
            return self._ask(item, rooms)
        except Ended as end:
            self.stop(0.0)
            return _Found(reason=end.reason)

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
            return ["-m", f"{AGENT_PACKAGE}.asv_probe"]
        files = dict.fromkeys(item.address.partition("::")[0] for item in wanted)
        return [*pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_probe", *files]

    def _common(self, side: Side) -> dict[str, object]:
        """Return what a process is told first."""
        return {
            "probe": self._probe.name,
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
            elif answer["found"] is None:
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
    deadline: float = math.inf,
    progress: Progress | None = None,
) -> dict[str, tuple[Sample, ...]]:
    """Return a sample of each benchmark and metric for each side, in the order of *items*: one round each.

    A benchmark that fails on one side has failed samples on both, with the side in their reason; the others are
    not concerned.

    Args:
        sides: Both sides, by role, prepared, with the same files of benchmarks.
        suite: Where these stand.
        items: Which to look at, in the tool's own order.
        folder: Where processes run and write.
        probe: What to look at.
        timeout_seconds: Longest call of a benchmark that sets no time-out of its own, at the usual speed.
        deadline: Moment of the monotonic clock from which on benchmarks fail for want of time.
        progress: Is told what begins.

    Raises:
        MeasurementFailed: A side ran code that is not its own.
    """
    live = _Live(sides, suite, folder, probe, timeout_seconds)
    samples: dict[str, list[Sample]] = {role: [] for role in sides}
    try:
        for index, item in enumerate(items):
            if progress:
                progress(f"{probe.name} of {item.label} ({index + 1} of {len(items)})")
            is_late = time.monotonic() >= deadline
            found = _Found(reason=OUT_OF_TIME) if is_late else live.probe(item, items[index + 1 :])
            for role, taken in samples.items():
                taken.extend(_samples(item.benchmark, probe.metrics, found, role))
        live.stop(GRACE_SECONDS)
    finally:
        live.stop(0.0)
    return {role: tuple(taken) for role, taken in samples.items()}


def _samples(benchmark: Benchmark, metrics: Sequence[Metric], found: _Found, role: str) -> Iterator[Sample]:
    if found.reason:
        state = SampleState.SKIPPED if found.is_skip else SampleState.FAILED
        yield Sample(benchmark=benchmark, metric=metrics[0], state=state, reason=found.reason[:MAX_TEXT_CHARACTERS])
        return
    for metric in metrics:
        if metric.name in found.values[role]:
            rounds = (tuple(found.values[role][metric.name]),)
            yield Sample(benchmark=benchmark, metric=metric, value=level(rounds), rounds=rounds, calls=1)
