"""What the facts and an A/A run say about a machine: fit or not, a grade, what it can see, what to change.

Nothing is measured here: facts in, diagnosis out.

The grade follows from the spread of a pair value and from the gate's design: a 3 % budget, a screen of 3 to 12 pairs,
confirmation of suspects on fresh ones. A benchmark that did not change is certified once ``|mean| + t(.99) s / √n``
lies below the budget; nine in ten are where ``(t(.99) + 1.28) s / √n`` does, with t of n + 3 degrees of freedom, for
the variance is shared across the suite. What is confirmed by n fresh pairs, `reach` tells. The largest spread *s* of
each grade, rounded down:

    A   1.1 %   an unchanged benchmark is certified after 3 pairs
    B   2.0 %   … after 8
    C   2.6 %   … after 12, the last look
    D   4.3 %   many end inconclusive; a slowdown of 10 % is still confirmed by the first 8 fresh pairs
    E   10 %    most end inconclusive; 10 % is confirmed by 32
    F   more    undecidable
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr, stdtrit

from perfgate.doctor.probe import Measured

BUDGET = 0.03
"""The slowdown that is tolerated, where the table of detectable changes starts: the gate's default."""

ALPHA, LOOKS = 0.05, 4
"""Probability of any false "regressed" in a suite, and over how many looks the confirmation splits it."""

POWER = 0.9
"""Probability with which the smallest detectable change is seen."""

PAIRS_SHOWN = (4, 8, 16, 32)

MOST_STEAL = 0.05
MOST_SWITCHES = 1.0
MOST_LAMBDA = 1.5

GROUP = 4
"""Pairs that make one z-score for λ: both orders of starting and of sampling are in it equally often."""

FEWEST_SCORES = 20
"""Below this, chance alone puts λ above its limit in more than one run in twenty."""

_LARGEST_SPREADS = {"A": 0.011, "B": 0.020, "C": 0.026, "D": 0.043, "E": 0.10}


class Grade(StrEnum):
    """How noisy the machine is, by the spread of a pair value."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"
    F = "F"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What so many pairs of a benchmark can see, and what they cost."""

    pairs: int
    smallest_detectable: float
    """A slowdown, as a fraction, that is called a regression with probability 0.9."""
    seconds: float
    """For one benchmark of short calls."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is known of a machine and what follows."""

    is_fit: bool
    """Whether a gate may run here: nothing in `flags`."""
    grade: Grade
    spread: float
    """Robust standard deviation of a pair value, the median over the workloads, as a fraction."""
    inflation: float | None
    """λ: how much wider than chance allows the means of unchanged code scatter; None: the run was too short."""
    spreads: Mapping[str, float]
    """As `spread`, per workload."""
    reaches: tuple[Reach, ...]
    flags: tuple[str, ...]
    """Why no gate should run here, and what to do about it."""
    advice: tuple[str, ...]
    """What would make it better; one imperative sentence each."""
    measured: Measured
    facts: Mapping[str, str]
    """As `perfgate.measure.machine.describe` gives them; what is not there is unknown."""


def examine(facts: Mapping[str, str], measured: Measured) -> Diagnosis:
    """Judge a machine by its facts and an A/A run on it."""
    spreads = {name: robust_spread(values) for name, values in measured.values.items()}
    spread = float(np.median(list(spreads.values())))
    inflation = inflation_of(measured.values)
    grade = grade_of(spread)
    flags = _flags(facts, measured, grade, inflation)
    return Diagnosis(
        is_fit=not flags,
        grade=grade,
        spread=spread,
        inflation=inflation,
        spreads=spreads,
        reaches=tuple(reach(spread * _widening(inflation), pairs, measured.pair_seconds) for pairs in PAIRS_SHOWN),
        flags=flags,
        advice=(*_patience(measured, inflation), *_advice(facts, grade)),
        measured=measured,
        facts=facts,
    )


def robust_spread(values: npt.NDArray[np.float64]) -> float:
    """Return the standard deviation of A/A pair values, as their median distance from 0, the known truth, implies.

    One pair in some two hundred is off by half or more on any machine. The gate trims those, and so does a median.

    >>> round(robust_spread(np.array([-0.01, 0.01, -0.01, 0.9])), 4)
    0.0148
    """
    return 1.4826 * float(np.median(np.abs(values)))


def grade_of(spread: float) -> Grade:
    """Return the grade of a spread of the pair value.

    >>> grade_of(0.004), grade_of(0.02), grade_of(0.5)
    (<Grade.A: 'A'>, <Grade.B: 'B'>, <Grade.F: 'F'>)
    """
    return next((Grade(name) for name, largest in _LARGEST_SPREADS.items() if spread <= largest), Grade.F)


def inflation_of(values: Mapping[str, npt.NDArray[np.float64]]) -> float | None:
    """Return λ, the robust standard deviation of the z-scores of unchanged code; None below `FEWEST_SCORES` of them.

    Each workload gives a score per `GROUP` pairs taken after one another: its t, carried over to the normal scale by
    its probability. 1 is what chance gives. More means that pairs of unchanged code err in company: the machine
    drifts, or favours a side.

    Args:
        values: Workload to pair values in the order taken.
    """
    scores = [
        _score(each[start : start + GROUP])
        for each in values.values()
        for start in range(0, len(each) - GROUP + 1, GROUP)
    ]
    return 1.4826 * float(np.median(np.abs(scores))) if len(scores) >= FEWEST_SCORES else None


def _score(group: npt.NDArray[np.float64]) -> float:
    error = float(group.std(ddof=1)) / math.sqrt(len(group))
    if error == 0:
        return 0.0
    return float(ndtri(stdtr(len(group) - 1, -abs(float(group.mean())) / error)))


def reach(spread: float, pairs: int, pair_seconds: float) -> Reach:
    """Return the smallest slowdown that *pairs* fresh pairs of one suspect confirm as beyond the budget.

    ``exp(ln(1 + budget) + (t(1 - alpha / looks) + t(power)) · spread / √pairs) - 1`` with ``pairs - 1`` degrees of
    freedom.

    >>> round(reach(0.02, 8, 0.15).smallest_detectable, 3)
    0.061
    """
    quantiles = stdtrit(pairs - 1, 1 - ALPHA / LOOKS) + stdtrit(pairs - 1, POWER)
    smallest = math.expm1(math.log1p(BUDGET) + float(quantiles) * spread / math.sqrt(pairs))
    return Reach(pairs=pairs, smallest_detectable=smallest, seconds=pairs * pair_seconds)


def _widening(inflation: float | None) -> float:
    """Return the factor by which the gate widens standard errors."""
    return inflation if inflation and inflation > MOST_LAMBDA else 1.0


def _flags(facts: Mapping[str, str], measured: Measured, grade: Grade, inflation: float | None) -> tuple[str, ...]:
    steal, disturbed = measured.steal or 0.0, inflation or 0.0
    found = (
        (
            steal > MOST_STEAL,
            (
                f"Refuse this runner, or move it to a host that is not oversold: {100 * steal:.1f} % of the CPU time it"
                f" wanted was stolen, more than {100 * MOST_STEAL:g} %."
            ),
        ),
        (
            measured.switches > MOST_SWITCHES,
            (
                f"End what else runs here: a millisecond of work is interrupted {measured.switches:.1f} times,"
                f" more than {MOST_SWITCHES:g}."
            ),
        ),
        (
            disturbed > MOST_LAMBDA,
            (
                f"Find what disturbs this machine in phases, other jobs or its clock: λ is {disturbed:.2f}, above"
                f" {MOST_LAMBDA:g}, so unchanged code moves more than its own noise (--seconds 60 makes surer)."
            ),
        ),
        (
            facts.get("aslr") == "off",
            (
                "Turn address space randomisation on (kernel.randomize_va_space=2, no setarch -R): a frozen memory layout"
                " makes identical code differ by several percent, each time the same."
            ),
        ),
        (
            not measured.is_pinned,
            (
                "Run on a system that lets a process be bound to a CPU: free pairs settle on CPUs of different speed,"
                " which multiplies the spread by about seven."
            ),
        ),
        (
            grade is Grade.F,
            "Do not gate here: pair values of unchanged code are too noisy to confirm a slowdown of 10 % with 32 pairs.",
        ),
    )
    return tuple(text for holds, text in found if holds)


def _advice(facts: Mapping[str, str], grade: Grade) -> tuple[str, ...]:
    cpus, load = _number(facts.get("cpus_available")), _number(facts.get("load"))
    governor, quota = facts.get("governor", "performance"), facts.get("cpu_quota")
    is_noisy, is_guest = grade > Grade.B, "virtual machine" in facts.get("virtualisation", "")
    found = (
        (cpus == 1, "Give the runner a second CPU: the system and the job's own logging then have one to themselves."),
        (load > cpus / 2 > 0, f"Run one job at a time: the load was {load:g} on {cpus:g} CPU(s) before the A/A run."),
        (quota, f"Lift the CPU quota of {quota} CPUs: a throttled container stands still in the middle of a sample."),
        (
            is_noisy and not facts.get("cpus_isolated"),
            "Reserve a CPU for benchmarks (isolcpus= at boot, or a cpuset of its own).",
        ),
        (facts.get("turbo") == "on", "Turn off turbo: the clock then no longer depends on heat and neighbours."),
        (governor != "performance", f"Set the CPU governor to performance: it is {governor}."),
        (facts.get("smt") == "on", "Turn off SMT, or leave the sibling of the measuring CPU idle."),
        (
            facts.get("aslr") == "partial",
            "Set kernel.randomize_va_space to 2: only part of the memory layout is random.",
        ),
        (
            facts.get("hash_seed", "random") != "random",
            "Unset PYTHONHASHSEED: a fixed seed freezes one accident of the memory layout.",
        ),
        (
            "debug build" in facts.get("python_build", ""),
            "Measure with a release build of Python: this is a debug build.",
        ),
        (
            is_noisy and is_guest,
            "Prefer a machine of your own to a shared virtual one: no setting inside the guest silences its neighbours.",
        ),
    )
    return tuple(text for holds, text in found if holds)


def _patience(measured: Measured, inflation: float | None) -> tuple[str, ...]:
    """Return the advice to measure longer where the run was too short for λ."""
    if inflation is not None:
        return ()
    groups = math.ceil(FEWEST_SCORES / len(measured.values))
    seconds = math.ceil(groups * GROUP * len(measured.values) * measured.pair_seconds)
    return (f"Measure longer (--seconds {seconds}): {measured.pairs} pairs are too few for λ and few for a grade.",)


def _number(text: str | None) -> float:
    return float(text) if text else 0.0
