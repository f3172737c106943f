"""How one pair is sampled: how many calls make a sample, how many samples a pair, in which order the sides take turns."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from perfgate.measure.live.agent_process import Server
from perfgate.measure.live.source import BASE, HEAD
from perfgate.stats.pairs import BLOCKING_SWITCHES, CLOCK_TICK_SECONDS, Pair

SAMPLE_SECONDS = 1e-3
"""What a sample should last. About a millisecond beats five: more alternations for the same time."""

ENOUGH_SECONDS = 5e-4
"""From a trial this long on, the length of a sample is extrapolated."""

LONGEST_SAMPLE_SECONDS = 2e-2
"""What a sample of a short benchmark may last with its setups, which stand off the clock but are waited for."""

LONGEST_COLD_SECONDS = 0.5
"""A first call up to this long is not counted as a trial; a longer one is not made twice for nothing."""

SIDE_SECONDS = 4e-2
"""Measuring time per side that a pair of a short benchmark has at least."""

FEWEST_SAMPLES, USUAL_SAMPLES, MOST_SAMPLES = 12, 40, 80
"""Samples a side and pair: at least for calls over 5 ms, at least for calls below 1 ms, and at most."""

NOISY_SIDE_SECONDS = 5e-1
"""Measuring time per side up to which a noisy pair is given more samples than the least."""

FEWEST_SAMPLES_OF_MINUTES = 4
LONGEST_SIDE_SECONDS = 2.0
"""Measuring time per side above which fewer than the usual samples are taken."""

USUAL_ERROR = 5e-3
"""Standard error that a pair's value may have from its own samples, while it is not known what pairs differ by."""

SMALLEST_ERROR = 1e-3
"""Below this, more samples are never worth their time: pairs differ by more."""

PAIRS_THAT_TELL = 4
"""From so many pairs on, their own spread tells how exact each need be."""

_TURNS = ((BASE, HEAD), (HEAD, BASE), (HEAD, BASE), (BASE, HEAD))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of every sample of one benchmark, settled on the base side once and used for both."""

    repeat: int
    """How often the smallest amount of work is done within a sample."""
    fewest: int
    """Samples a side and pair at least: a multiple of 4, so that both sides stand first equally often."""
    most: int
    """Samples a side and pair at most, where they are noisy."""


class Noise:
    """How exact each pair of one benchmark need be: half of what fresh processes differ by anyway.

    Samples inside a pair shrink only the noise within it; the luck of a process (memory layout, hash seed) is shrunk
    by more pairs alone.
    """

    def __init__(self) -> None:
        self._values: list[float] = []
        self._errors: list[float] = []

    def add(self, value: float, error: float) -> None:
        """Take in the value of a pair and its standard error from its own samples."""
        self._values.append(value)
        self._errors.append(error)

    @property
    def tolerated(self) -> float:
        """Return the standard error, as a log ratio, from which on more samples of a pair are no gain."""
        if len(self._values) < PAIRS_THAT_TELL:
            return USUAL_ERROR
        within = float(np.median(np.square(self._errors)))
        between = max(0.0, _robust_spread(np.array(self._values)) ** 2 - within)
        return max(SMALLEST_ERROR, math.sqrt(between) / 2)


@dataclass(kw_only=True)
class Recording:
    """All samples of one side of one pair, per call."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    voluntary: int = 0
    calls: int = 0

    def add(self, message: dict[str, Any]) -> None:
        """Take in one answer of a served process."""
        calls = message["calls"]
        self.cpu.append(message["cpu"] / calls)
        self.wall.append(message["wall"] / calls)
        self.voluntary += message["voluntary"]
        self.calls += calls

    @property
    def switches(self) -> float:
        """Return voluntary context switches a call."""
        return self.voluntary / self.calls


def calibrate(servers: dict[str, Server], timeout_seconds: float) -> Plan:
    """Choose the plan of a benchmark from trials on the base side; the head side makes the same calls, unmeasured.

    Raises:
        Ended: A side did not answer.
    """
    repeat, is_cold = 1, True
    while True:
        trial = _ask(servers[BASE], repeat, timeout_seconds)
        _ask(servers[HEAD], repeat, timeout_seconds)
        if is_cold and trial["elapsed"] < LONGEST_COLD_SECONDS:
            is_cold = False  # a first call often prepares what the others find ready
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
    servers: dict[str, Server], plan: Plan, noise: Noise, *, number: int, timeout_seconds: float
) -> tuple[dict[str, Recording], Pair]:
    """Take one pair from two live processes: one discarded sample each, then samples in turn A B, B A, B A, A B.

    When to stop depends on how much the ratios scatter, never on where they lie: no value is favoured.

    Args:
        servers: A process per role, both ready.
        plan: Size and number of the samples.
        noise: What the pairs before it showed; learns from this one.
        number: How many pairs of the benchmark there were before; odd ones are mirrored.
        timeout_seconds: Longest answer.

    Returns:
        The samples of each side, and the same as the statistics take them; its seconds are those spent on samples that
        count.

    Raises:
        Ended: A side did not answer.
    """
    for role in (BASE, HEAD):
        _ask(servers[role], plan.repeat, timeout_seconds)
    sides = {BASE: Recording(), HEAD: Recording()}
    base, head = sides[BASE], sides[HEAD]
    began = time.monotonic()
    while True:
        for role in _order(is_mirrored=number % 2 == 1):
            sides[role].add(_ask(servers[role], plan.repeat, timeout_seconds))
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
    """Return how many samples a side and pair takes at least and at most, both multiples of 4."""
    fewest = min(USUAL_SAMPLES, max(FEWEST_SAMPLES, round(SIDE_SECONDS / sample_seconds)))
    if fewest * sample_seconds > LONGEST_SIDE_SECONDS:
        fewest = max(FEWEST_SAMPLES_OF_MINUTES, int(LONGEST_SIDE_SECONDS / sample_seconds))
    most = max(fewest, min(MOST_SAMPLES, int(NOISY_SIDE_SECONDS / sample_seconds)))
    return fewest - fewest % 4, most - most % 4


def _value(base: Recording, head: Recording) -> tuple[float, float]:
    """Return the median log ratio of neighbouring samples and its standard error, on the clock that will be judged."""
    waits = max(base.switches, head.switches) >= BLOCKING_SWITCHES
    before, after = (np.array(one.wall if waits else one.cpu) for one in (base, head))
    ratios = np.log(np.maximum(after, CLOCK_TICK_SECONDS) / np.maximum(before, CLOCK_TICK_SECONDS))
    # The median of n normal values has a standard error of sqrt(pi / 2n).
    return float(np.median(ratios)), _robust_spread(ratios) * math.sqrt(math.pi / (2 * len(ratios)))


def _robust_spread(values: npt.NDArray[np.float64]) -> float:
    """Return 1.4826 × the median absolute deviation: the standard deviation, were they normal."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _ask(server: Server, repeat: int, timeout_seconds: float) -> dict[str, Any]:
    server.send(do="sample", repeat=repeat)
    return server.expect("sample", timeout_seconds)
