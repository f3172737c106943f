"""How one pair is sampled: how many calls make a sample, how many samples a pair, in which order the sides take turns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from perfgate.stats.sequential import Pair
from perfgate.suite.server import Server
from perfgate.suite.source import BASE, HEAD

SAMPLE_SECONDS = 1e-3
"""What a sample should last. About a millisecond beats five: more alternations for the same time."""

ENOUGH_SECONDS = 5e-4
"""From a trial this long on, the length of a sample is extrapolated."""

LONGEST_SAMPLE_SECONDS = 2e-2
"""What a sample of a short benchmark may last with its setups, which stand off the clock but are waited for."""

SIDE_SECONDS = 4e-2
"""Measuring time that a pair aims at per side."""

FEWEST_SAMPLES, MOST_SAMPLES = 12, 40
"""Samples a side and pair, for long and short calls."""

FEWEST_SAMPLES_OF_MINUTES = 4
LONGEST_SIDE_SECONDS = 2.0
"""Measuring time per side above which fewer than the usual samples are taken."""

_TURNS = ((BASE, HEAD), (HEAD, BASE), (HEAD, BASE), (BASE, HEAD))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The size of every sample of one benchmark, settled on the base side once and used for both."""

    repeat: int
    """How often the smallest amount of work is done within a sample."""
    samples: int
    """Samples a side and pair: a multiple of 4, so that both sides stand first equally often."""


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
    repeat = 1
    while True:
        trial = _ask(servers[BASE], repeat, timeout_seconds)
        _ask(servers[HEAD], repeat, timeout_seconds)
        wall, elapsed = max(trial["wall"], 1e-9), max(trial["elapsed"], 1e-9)
        if wall >= ENOUGH_SECONDS or elapsed >= LONGEST_SAMPLE_SECONDS / 2:
            break
        repeat = max(2 * repeat, min(10 * repeat, math.ceil(repeat * SAMPLE_SECONDS / wall)))
    fitting = math.ceil(repeat * SAMPLE_SECONDS / wall)
    patient = math.floor(repeat * LONGEST_SAMPLE_SECONDS / elapsed)
    settled = max(1, min(fitting, patient))
    return Plan(repeat=settled, samples=_samples(settled * elapsed / repeat))


def take(
    servers: dict[str, Server], plan: Plan, *, number: int, timeout_seconds: float
) -> tuple[dict[str, Recording], Pair]:
    """Take one pair from two live processes: one discarded sample each, then samples in turn A B, B A, B A, A B.

    Args:
        servers: A process per role, both ready.
        plan: Size and number of the samples.
        number: How many pairs of the benchmark there were before; odd ones are mirrored.
        timeout_seconds: Longest answer.

    Returns:
        The samples of each side, and the same as the statistics take them; `Pair.seconds` is left 0.

    Raises:
        Ended: A side did not answer.
    """
    for role in (BASE, HEAD):
        _ask(servers[role], plan.repeat, timeout_seconds)
    sides = {BASE: Recording(), HEAD: Recording()}
    for role in _order(plan.samples, is_mirrored=number % 2 == 1):
        sides[role].add(_ask(servers[role], plan.repeat, timeout_seconds))
    base, head = sides[BASE], sides[HEAD]
    pair = Pair(
        base_cpu=np.array(base.cpu),
        candidate_cpu=np.array(head.cpu),
        base_wall=np.array(base.wall),
        candidate_wall=np.array(head.wall),
        base_switches=base.switches,
        candidate_switches=head.switches,
        seconds=0.0,
    )
    return sides, pair


def _order(samples: int, *, is_mirrored: bool) -> Iterator[str]:
    for index in range(samples):
        turn = _TURNS[index % len(_TURNS)]
        yield from reversed(turn) if is_mirrored else turn


def _samples(sample_seconds: float) -> int:
    wanted = min(MOST_SAMPLES, max(FEWEST_SAMPLES, round(SIDE_SECONDS / sample_seconds)))
    if wanted * sample_seconds > LONGEST_SIDE_SECONDS:
        wanted = max(FEWEST_SAMPLES_OF_MINUTES, int(LONGEST_SIDE_SECONDS / sample_seconds))
    return wanted - wanted % 4


def _ask(server: Server, repeat: int, timeout_seconds: float) -> dict[str, Any]:
    server.send(do="sample", repeat=repeat)
    return server.expect("sample", timeout_seconds)
