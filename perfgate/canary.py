"""Prove that the gate can fail: plant a known slowdown and check whether it is found."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from perfgate.check import Checked, CheckOptions, CheckScope, check
from perfgate.gate import Outcome, Row
from perfgate.measure import canary
from perfgate.measure.canary import Planted
from perfgate.measure.progress import ProgressCallback, ignore, report_stages
from perfgate.measure.workspaces import workspace

TIMES_DETECTABLE = 2.0
"""The planted slowdown, as a multiple of the smallest that the gate finds with probability 0.9."""

UNKNOWN_SHARE = 0.3
"""What is planted where unchanged code does not show what can be detected."""

LARGEST_SHARE = 3.0
"""What is planted at most, however noisy the machine is."""


@dataclass(frozen=True, kw_only=True)
class CanaryResult:
    """The result of `check_canary`."""

    seed: int
    """Decided which benchmark was drawn; the same seed draws it again."""
    planted: Planted
    checked: Checked

    @property
    def row(self) -> Row | None:
        """Return what the gate found; None if nothing was compared."""
        return next(iter(self.checked.verdict.rows), None)

    @property
    def is_red(self) -> bool:
        """Whether the gate failed, as it must."""
        return self.checked.verdict.outcome is Outcome.FAIL

    @property
    def is_detected(self) -> bool:
        """Whether the gate failed, and what it found is what was planted."""
        row = self.row
        if row is None or row.low is None or row.high is None:
            return False
        return self.is_red and self.planted.agrees_with(row.low, row.high)


def check_canary(
    repository: Path,
    revision: str,
    *,
    seed: int | None = None,
    options: CheckOptions | None = None,
    progress: ProgressCallback | None = None,
) -> CanaryResult:
    """Plant a known slowdown into a temporary copy of *revision*, and check whether the gate finds it, and nothing else.

    A benchmark is drawn and compared with itself. Twice the slowdown that this could have detected is planted. Only time
    is measured, and the default budget applies.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: What is copied and slowed down.
        seed: Decides which benchmark is drawn; None: any.
        options: As for `check`; what to gate, memory and policy are set here.
        progress: Is told what is being done.

    Raises:
        InvalidInput, MeasurementFailed: As `check`; also where no benchmark is suitable.
    """
    options, report = options or CheckOptions(), progress or ignore
    seed = random.SystemRandom().randrange(10_000) if seed is None else seed
    with workspace() as folder:
        place = canary.find_place(
            repository,
            revision,
            workspace=folder,
            seed=seed,
            options=options,
            progress=report_stages(report),
        )
        only_time = replace(options, select=place.select, scope=CheckScope.GATE_ALL, memory=False, rules=None)
        unchanged = check(place.repository, place.base, place.base, options=only_time, progress=progress)
        planted = canary.plant(place, _share(unchanged))
        checked = check(place.repository, place.base, planted.head, options=only_time, progress=progress)
    return CanaryResult(seed=seed, planted=planted, checked=checked)


def _share(unchanged: Checked) -> float:
    """Return the slowdown to plant, as a fraction, from a comparison of the benchmark with itself."""
    detectable = next((row.smallest_detectable for row in unchanged.verdict.rows), None)
    return UNKNOWN_SHARE if detectable is None else min(LARGEST_SHARE, TIMES_DETECTABLE * detectable)
