"""What the facts and an A/A run say about a machine: fit or not, a grade, detectable changes, advice.

Nothing is measured here: facts in, diagnosis out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from perfgate.doctor import grades
from perfgate.doctor.advice import advice, flags
from perfgate.doctor.grades import DetectableChange, Grade
from perfgate.doctor.probe import ProbeResult
from perfgate.stats.judgments import MAX_INFLATION

PAIRS_SHOWN = (4, 8, 16, 32)
"""Numbers of pairs in the table of detectable changes."""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What is known about a machine, and what follows."""

    is_fit: bool
    """Whether a gate may run here: there are no `flags`."""
    grade: Grade
    spread: float
    """Robust standard deviation of a pair value, the median over the workloads, as a fraction."""
    inflation: float | None
    """λ: how much more than chance the means of unchanged code scatter; None: the run was too short."""
    spreads: Mapping[str, float]
    """As `spread`, per workload."""
    detectable: tuple[DetectableChange, ...]
    flags: tuple[str, ...]
    """Why no gate should run here, and what to do about it."""
    advice: tuple[str, ...]
    """What would improve the machine; one imperative sentence each."""
    probe: ProbeResult
    facts: Mapping[str, str]
    """As `perfgate.measure.machine.describe` returns them; a missing fact is unknown."""


def examine(facts: Mapping[str, str], probe: ProbeResult) -> Diagnosis:
    """Diagnose a machine from its facts and an A/A run on it."""
    spreads = {name: grades.robust_spread(values) for name, values in probe.values.items()}
    spread = float(np.median(list(spreads.values())))
    inflation = grades.inflation(probe.values)
    grade = grades.grade_for(spread)
    # The gate widens its standard errors in the same way.
    widening = inflation if inflation and inflation > MAX_INFLATION else 1.0
    found = flags(facts, probe, grade, inflation)
    return Diagnosis(
        is_fit=not found,
        grade=grade,
        spread=spread,
        inflation=inflation,
        spreads=spreads,
        detectable=tuple(
            grades.detectable_change(spread * widening, pairs, probe.pair_seconds) for pairs in PAIRS_SHOWN
        ),
        flags=found,
        advice=advice(facts, probe, grade, inflation),
        probe=probe,
        facts=facts,
    )
