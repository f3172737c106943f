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
from perfgate.measure.hygiene import available_cpus, cpu_ticks
from perfgate.stats.pairs import Pair, pair_value

SAMPLE_SECONDS = 1e-3
"""Wanted length of a sample."""

SAMPLES = 40
"""Samples per side and pair, as for any short benchmark of a suite; a multiple of 4."""

LONGEST_SECONDS = 3600.0
_ENOUGH_SECONDS = 5e-4
"""Length of a sample from which the number of calls is calibrated."""
_TURNS = ((0, 1), (1, 0), (1, 0), (0, 1))
"""Order of the two sides in four consecutive samples."""

Progress = Callable[[float], None]
"""Receives, after each pair, how many seconds of the run have passed."""


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """What an A/A run showed."""

    values: Mapping[str, npt.NDArray[np.float64]]
    """Workload to its pair values in the order taken: log ratios of CPU time, truly 0."""
    switches: float
    """Involuntary context switches per sample: the median over the pairs of a pair's mean."""
    steal: float | None
    """Share of the CPU time wanted in this machine that the host gave to others meanwhile; None: unknown."""
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
class _ProbePair:
    pair: Pair
    switches: float
    is_pinned: bool


MOST_SECONDS = 300.0
"""A run that goes on for a number of pairs ends after so long, however few they are."""


def measure(
    seconds: float = 20.0, *, min_pairs: int = 0, root: Path = Path("/"), progress: Progress | None = None
) -> ProbeResult:
    """Take pairs of every workload in turn for so long; two rounds at least, however long they take.

    Args:
        seconds: How long to go on.
        min_pairs: Go on until there are so many pairs, for at most `MOST_SECONDS`.
        root: Folder that holds ``proc``.
        progress: Called after each pair.

    Raises:
        InvalidInput: *seconds* is not above 0 or beyond an hour.
        MeasurementFailed: The running interpreter cannot be started, or its process ended.
    """
    if not 0 < seconds <= LONGEST_SECONDS:
        raise InvalidInput(f"the run may last more than 0 and up to {LONGEST_SECONDS:g} seconds, got {seconds:g}")
    began, ticks = time.monotonic(), cpu_ticks(root)
    taken = _take_pairs(began, seconds, min_pairs, progress)
    pairs = [pair for pairs in taken.values() for pair in pairs]
    now = cpu_ticks(root)
    return ProbeResult(
        values={name: np.array([pair_value(pair.pair) for pair in pairs]) for name, pairs in taken.items()},
        switches=median(pair.switches for pair in pairs),
        steal=now.since(ticks).steal if now and ticks else None,
        is_pinned=all(pair.is_pinned for pair in pairs),
        seconds=time.monotonic() - began,
    )


def _take_pairs(began: float, seconds: float, min_pairs: int, progress: Progress | None) -> dict[str, list[_ProbePair]]:
    """Return the pairs of each workload, taken in turn."""
    taken: dict[str, list[_ProbePair]] = {name: [] for name in workloads.WORKLOADS}
    calls: dict[str, int] = {}
    number = 0
    while number < 2 * len(taken) or not _is_enough(number, time.monotonic() - began, seconds, min_pairs):
        name = list(taken)[number % len(taken)]
        taken[name].append(_take_pair(name, len(taken[name]), calls))
        number += 1
        if progress:
            progress(min(seconds, time.monotonic() - began))
    return taken


def _is_enough(pairs: int, passed_seconds: float, seconds: float, min_pairs: int) -> bool:
    """Tell whether a run may end."""
    return passed_seconds >= seconds and (pairs >= min_pairs or passed_seconds >= MOST_SECONDS)


def _take_pair(name: str, number: int, calls: dict[str, int]) -> _ProbePair:
    """Take pair *number* of a workload. The first pair sets its number of calls per sample in *calls*."""
    began = time.monotonic()
    cpus = available_cpus()
    cpu = cpus[number % len(cpus)] if cpus else None
    seed = str(random.randrange(2**32))
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_process(name, seed)) for _ in range(2)]
        if number % 2:
            processes.reverse()  # neither side is always the one started first
        is_pinned = all(process.pin(cpu) for process in processes)
        if name not in calls:
            calls[name] = _calibrate(processes[0])
        for process in processes:
            process.sample(calls[name])
            process.reset()
        for index in range(SAMPLES):
            for side in _TURNS[(index + 2 * number) % len(_TURNS)]:
                processes[side].sample(calls[name])
    pair = Pair(
        base_cpu=np.array(processes[0].cpu),
        candidate_cpu=np.array(processes[1].cpu),
        base_wall=np.array(processes[0].wall),
        candidate_wall=np.array(processes[1].wall),
        base_switches=0.0,
        candidate_switches=0.0,
        seconds=time.monotonic() - began,
    )
    switches = sum(process.switches for process in processes) / (2 * SAMPLES)
    return _ProbePair(pair=pair, switches=switches, is_pinned=is_pinned)


class _ProbeProcess:
    """A live process that repeats one workload on request."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.reset()

    def reset(self) -> None:
        """Drop the samples taken so far."""
        self.cpu: list[float] = []
        self.wall: list[float] = []
        self.switches = 0

    def pin(self, cpu: int | None) -> bool:
        """Bind the process to one CPU; return whether the system allows it."""
        if cpu is None:
            return False
        try:
            os.sched_setaffinity(self._process.pid, {cpu})
        except OSError:
            return False
        return True

    def sample(self, calls: int) -> float:
        """Take one sample, keep its seconds per call, and return the CPU seconds of all calls."""
        requests, results = self._process.stdin, self._process.stdout
        assert requests
        assert results
        with contextlib.suppress(BrokenPipeError):
            requests.write(f"{calls}\n")
            requests.flush()
        words = results.readline().split()
        if len(words) != 3:
            raise MeasurementFailed(f"a process of the A/A run ended with status {self._process.wait()}: run it again")
        cpu, wall, switches = (int(word) for word in words)
        self.cpu.append(cpu / calls / 1e9)
        self.wall.append(wall / calls / 1e9)
        self.switches += switches
        return cpu / 1e9


@contextlib.contextmanager
def _process(workload: str, hash_seed: str) -> Iterator[_ProbeProcess]:
    """Start a process, and end it when the block is left."""
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
            start_new_session=True,  # Ctrl-C reaches this process only, which ends the other
        )
    except OSError as error:
        raise MeasurementFailed(f"cannot start {sys.executable}: {error}") from error
    with process:
        try:
            yield _ProbeProcess(process)
        finally:
            process.kill()


def _calibrate(process: _ProbeProcess) -> int:
    """Return how many calls make a sample of the wanted length."""
    calls = 1
    while (cpu := process.sample(calls)) < _ENOUGH_SECONDS:
        calls *= 2
    return max(1, math.ceil(calls * SAMPLE_SECONDS / cpu))
