"""How a pair is sampled: calls a sample, samples a pair, and the order in which the sides take turns."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from perfgate.measure.live.agent_process import AgentProcess
from perfgate.measure.sides.side import BASE, HEAD
from perfgate.stats.pairs import BLOCKING_SWITCHES, CLOCK_TICK_SECONDS, Pair

SAMPLE_SECONDS = 1e-3
"""Duration of a sample. One millisecond is better than five: the sides alternate more often in the same time."""

ENOUGH_SECONDS = 5e-4
"""A trial must last this long before the size of a sample is extrapolated from it."""

LONGEST_SAMPLE_SECONDS = 2e-2
"""Longest sample of a short benchmark, its set-ups included: they are not timed, but they take time."""

LONGEST_COLD_SECONDS = 0.5
"""A first call up to this long does not count as a trial. A longer one does, because repeating it costs too much."""

SIDE_SECONDS = 4e-2
"""Least time measured per side in a pair of a short benchmark."""

FEWEST_SAMPLES, USUAL_SAMPLES, MOST_SAMPLES = 12, 40, 80
"""Samples per side and pair: the least for calls over 5 ms, the least for calls below 1 ms, and the most."""

NOISY_SIDE_SECONDS = 5e-1
"""Time measured per side up to which a noisy pair gets more than the least number of samples."""

FEWEST_SAMPLES_OF_MINUTES = 4
LONGEST_SIDE_SECONDS = 2.0
"""Time measured per side above which fewer samples are taken."""

USUAL_ERROR = 5e-3
"""Tolerated standard error of a pair from its own samples, while the spread between pairs is not known."""

SMALLEST_ERROR = 1e-3
"""Smallest tolerated standard error: more samples are not worth their time, because pairs differ by more."""

MIN_PAIRS_FOR_SPREAD = 4
"""From this number of pairs on, their spread decides how exact each pair must be."""

_TURNS = ((BASE, HEAD), (HEAD, BASE), (HEAD, BASE), (BASE, HEAD))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of every sample of one benchmark; chosen once on the base side and used for both sides."""

    repeat: int
    """How often a sample repeats the smallest amount of work."""
    fewest: int
    """Least samples per side and pair: a multiple of 4, so that both sides are first equally often."""
    most: int
    """Most samples per side and pair, for noisy benchmarks."""


class Noise:
    """How exact each pair of one benchmark must be: half of the spread between fresh processes.

    More samples in a pair reduce only the noise within it. The differences between processes (memory layout, hash seed)
    are reduced only by more pairs.
    """

    def __init__(self) -> None:
        self._values: list[float] = []
        self._errors: list[float] = []

    def add(self, value: float, error: float) -> None:
        """Add the value of a pair and its standard error from its own samples."""
        self._values.append(value)
        self._errors.append(error)

    @property
    def tolerated(self) -> float:
        """Return the standard error, as a log ratio, at which a pair needs no more samples."""
        if len(self._values) < MIN_PAIRS_FOR_SPREAD:
            return USUAL_ERROR
        within = float(np.median(np.square(self._errors)))
        between = max(0.0, _robust_spread(np.array(self._values)) ** 2 - within)
        return max(SMALLEST_ERROR, math.sqrt(between) / 2)


@dataclass(kw_only=True)
class Recording:
    """All samples of one side of one pair."""

    cpu: list[float] = field(default_factory=list)
    """CPU seconds per call."""
    wall: list[float] = field(default_factory=list)
    """Seconds per call."""
    voluntary: int = 0
    calls: int = 0

    def add(self, message: dict[str, Any]) -> None:
        """Add one answer of the agent."""
        calls = message["calls"]
        self.cpu.append(message["cpu"] / calls)
        self.wall.append(message["wall"] / calls)
        self.voluntary += message["voluntary"]
        self.calls += calls

    @property
    def switches(self) -> float:
        """Return the voluntary context switches per call."""
        return self.voluntary / self.calls


def calibrate(agents: Mapping[str, AgentProcess], timeout_seconds: float) -> Plan:
    """Return the plan of a benchmark, from trials on the base side; the head side makes the same calls, unmeasured.

    Raises:
        AgentFailed: A side did not answer.
    """
    repeat, is_cold = 1, True
    while True:
        trial = _ask(agents[BASE], repeat, timeout_seconds)
        _ask(agents[HEAD], repeat, timeout_seconds)
        if is_cold and trial["elapsed"] < LONGEST_COLD_SECONDS:
            is_cold = False  # a first call often fills caches for the later ones
            continue
        wall, elapsed = max(trial["wall"], 1e-9), max(trial["elapsed"], 1e-9)
        if wall >= ENOUGH_SECONDS or elapsed >= LONGEST_SAMPLE_SECONDS / 2:
            break
        repeat = max(2 * repeat, min(10 * repeat, math.ceil(repeat * SAMPLE_SECONDS / wall)))
    fitting = math.ceil(repeat * SAMPLE_SECONDS / wall)
    patient = math.floor(repeat * LONGEST_SAMPLE_SECONDS / elapsed)
    settled = max(1, min(fitting, patient))
    fewest, most = _samples(settled * elapsed / repeat)
    return Plan(repeat=settled, fewest=fewest, most=most)


def take(
    agents: Mapping[str, AgentProcess], plan: Plan, noise: Noise, *, number: int, timeout_seconds: float
) -> tuple[dict[str, Recording], Pair]:
    """Return one pair from two agents: one discarded sample each, then samples in the order A B, B A, B A, A B.

    When sampling stops depends on the spread of the ratios, never on their location, so that no result is favored.

    Args:
        agents: An agent for each role, both ready.
        plan: Size and number of the samples.
        noise: The spread of the pairs before; this pair is added to it.
        number: How many pairs of the benchmark were taken before; odd ones are mirrored.
        timeout_seconds: How long an answer may take.

    Returns:
        The samples by role, and the same as a `Pair` for the statistics; its seconds are those of the samples that
        count.

    Raises:
        AgentFailed: A side did not answer.
    """
    for role in (BASE, HEAD):
        _ask(agents[role], plan.repeat, timeout_seconds)
    sides = {BASE: Recording(), HEAD: Recording()}
    base, head = sides[BASE], sides[HEAD]
    began = time.monotonic()
    while True:
        for role in _order(is_mirrored=number % 2 == 1):
            sides[role].add(_ask(agents[role], plan.repeat, timeout_seconds))
        if len(base.cpu) >= plan.fewest:
            value, error = _value(base, head)
            if len(base.cpu) >= plan.most or error <= noise.tolerated:
                break
    noise.add(value, error)
    pair = Pair(
        base_cpu=np.array(base.cpu),
        candidate_cpu=np.array(head.cpu),
        base_wall=np.array(base.wall),
        candidate_wall=np.array(head.wall),
        base_switches=base.switches,
        candidate_switches=head.switches,
        seconds=time.monotonic() - began,
    )
    return sides, pair


def _order(*, is_mirrored: bool) -> Iterator[str]:
    for turn in _TURNS:
        yield from reversed(turn) if is_mirrored else turn


def _samples(sample_seconds: float) -> tuple[int, int]:
    """Return the least and the most samples per side and pair, both multiples of 4."""
    fewest = min(USUAL_SAMPLES, max(FEWEST_SAMPLES, round(SIDE_SECONDS / sample_seconds)))
    if fewest * sample_seconds > LONGEST_SIDE_SECONDS:
        fewest = max(FEWEST_SAMPLES_OF_MINUTES, int(LONGEST_SIDE_SECONDS / sample_seconds))
    most = max(fewest, min(MOST_SAMPLES, int(NOISY_SIDE_SECONDS / sample_seconds)))
    return fewest - fewest % 4, most - most % 4


def _value(base: Recording, head: Recording) -> tuple[float, float]:
    """Return the median log ratio of neighboring samples and its standard error, on the clock that will be judged."""
    waits = max(base.switches, head.switches) >= BLOCKING_SWITCHES
    before, after = (np.array(side.wall if waits else side.cpu) for side in (base, head))
    ratios = np.log(np.maximum(after, CLOCK_TICK_SECONDS) / np.maximum(before, CLOCK_TICK_SECONDS))
    # The median of n normal values has a standard error of sqrt(pi / 2n).
    return float(np.median(ratios)), _robust_spread(ratios) * math.sqrt(math.pi / (2 * len(ratios)))


def _robust_spread(values: npt.NDArray[np.float64]) -> float:
    """Return 1.4826 × the median absolute deviation: the standard deviation if *values* are normal."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _ask(agent: AgentProcess, repeat: int, timeout_seconds: float) -> dict[str, Any]:
    agent.send(do="sample", repeat=repeat)
    return agent.expect("sample", timeout_seconds)
