"""A short A/A run: live pairs of the same small workloads on both sides, in the layout that suites are measured in."""

from __future__ import annotations

import contextlib
import math
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from perfgate.doctor import workloads
from perfgate.errors import InvalidInput, MeasurementFailed
from perfgate.measure.machine import available_cpus, cpu_ticks
from perfgate.stats.pairs import Pair, pair_value

SAMPLE_SECONDS = 1e-3
SAMPLES = 40
"""Samples a side and pair, as for any short benchmark of a suite; a multiple of 4."""

LONGEST_SECONDS = 3600.0
_ENOUGH_SECONDS = 5e-4
_TURNS = ((0, 1), (1, 0), (1, 0), (0, 1))

Progress = Callable[[float], None]
"""Is told after each pair how many seconds of the run are over."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What an A/A run showed."""

    values: Mapping[str, npt.NDArray[np.float64]]
    """Workload to its pair values in the order taken: log ratios of CPU time, truly 0."""
    switches: float
    """Involuntary context switches a sample: the median over the pairs of a pair's mean."""
    steal: float | None
    """Share of the CPU time wanted in this machine that the host gave to others meanwhile; None: not counted here."""
    is_pinned: bool
    """Whether both sides of each pair were bound to one CPU."""
    seconds: float
    """How long the run took."""

    @property
    def pairs(self) -> int:
        """Return how many pairs were taken."""
        return sum(map(len, self.values.values()))

    @property
    def pair_seconds(self) -> float:
        """Return what a pair costs, process start included."""
        return self.seconds / self.pairs


@dataclass(frozen=True)
class _Taken:
    pair: Pair
    switches: float
    is_pinned: bool


def measure(seconds: float = 20.0, *, root: Path = Path("/"), progress: Progress | None = None) -> Measured:
    """Take pairs of every workload in turn for so long; two rounds at least, however long they take.

    Args:
        seconds: How long to go on.
        root: Folder that holds ``proc``.
        progress: Is told how far the run is.

    Raises:
        InvalidInput: *seconds* is not above 0 or beyond an hour.
        MeasurementFailed: The running interpreter cannot be started, or its process ended.
    """
    if not 0 < seconds <= LONGEST_SECONDS:
        raise InvalidInput(f"the run may last more than 0 and up to {LONGEST_SECONDS:g} seconds, got {seconds:g}")
    began, ticks = time.monotonic(), cpu_ticks(root)
    taken: dict[str, list[_Taken]] = {name: [] for name in workloads.WORKLOADS}
    calls: dict[str, int] = {}
    number = 0
    while number < 2 * len(taken) or time.monotonic() - began < seconds:
        name = list(taken)[number % len(taken)]
        taken[name].append(_take_pair(name, len(taken[name]), calls))
        number += 1
        if progress:
            progress(min(seconds, time.monotonic() - began))
    everything = [one for each in taken.values() for one in each]
    now = cpu_ticks(root)
    return Measured(
        values={name: np.array([pair_value(one.pair) for one in each]) for name, each in taken.items()},
        switches=median(one.switches for one in everything),
        steal=now.since(ticks).steal if now and ticks else None,
        is_pinned=all(one.is_pinned for one in everything),
        seconds=time.monotonic() - began,
    )


def _take_pair(name: str, number: int, calls: dict[str, int]) -> _Taken:
    """Take pair *number* of a workload; its number of calls a sample is settled on the first and kept in *calls*."""
    began = time.monotonic()
    cpus = available_cpus()
    cpu = cpus[number % len(cpus)] if cpus else None
    seed = str(random.randrange(2**32))
    with contextlib.ExitStack() as stack:
        workers = [stack.enter_context(_worker(name, seed)) for _ in range(2)]
        if number % 2:
            workers.reverse()  # neither side is always the one started first
        is_pinned = all(worker.pin(cpu) for worker in workers)
        if name not in calls:
            calls[name] = _calibrate(workers[0])
        for worker in workers:
            worker.ask(calls[name])
            worker.forget()
        for index in range(SAMPLES):
            for side in _TURNS[(index + 2 * number) % len(_TURNS)]:
                workers[side].ask(calls[name])
    pair = Pair(
        base_cpu=np.array(workers[0].cpu),
        candidate_cpu=np.array(workers[1].cpu),
        base_wall=np.array(workers[0].wall),
        candidate_wall=np.array(workers[1].wall),
        base_switches=0.0,
        candidate_switches=0.0,
        seconds=time.monotonic() - began,
    )
    switches = sum(worker.switches for worker in workers) / (2 * SAMPLES)
    return _Taken(pair=pair, switches=switches, is_pinned=is_pinned)


class _Worker:
    """A live process that repeats one workload on request."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.forget()

    def forget(self) -> None:
        """Start counting anew."""
        self.cpu: list[float] = []
        self.wall: list[float] = []
        self.switches = 0

    def pin(self, cpu: int | None) -> bool:
        """Bind the process to one CPU and tell whether the system allows it."""
        if cpu is None:
            return False
        try:
            os.sched_setaffinity(self._process.pid, {cpu})
        except OSError:
            return False
        return True

    def ask(self, calls: int) -> float:
        """Take one sample, keep its seconds a call, and return the CPU seconds of all calls."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests
        assert answers
        with contextlib.suppress(BrokenPipeError):
            requests.write(f"{calls}\n")
            requests.flush()
        words = answers.readline().split()
        if len(words) != 3:
            raise MeasurementFailed(f"a process of the A/A run ended with status {self._process.wait()}: run it again")
        cpu, wall, switches = (int(word) for word in words)
        self.cpu.append(cpu / calls / 1e9)
        self.wall.append(wall / calls / 1e9)
        self.switches += switches
        return cpu / 1e9


@contextlib.contextmanager
def _worker(workload: str, hash_seed: str) -> Iterator[_Worker]:
    """Start a process and end it, however the block is left."""
    command = [sys.executable, "-P", workloads.__file__, workload]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - our own script
            command,
            env=environment,
            stdin=pipe,
            stdout=pipe,
            text=True,
            start_new_session=True,  # Ctrl-C is ours to obey
        )
    except OSError as error:
        raise MeasurementFailed(f"cannot start {sys.executable}: {error}") from error
    with process:
        try:
            yield _Worker(process)
        finally:
            process.kill()


def _calibrate(worker: _Worker) -> int:
    """Return how many calls make a sample of the wanted length."""
    calls = 1
    while (cpu := worker.ask(calls)) < _ENOUGH_SECONDS:
        calls *= 2
    return max(1, math.ceil(calls * SAMPLE_SECONDS / cpu))
