"""Prove that the gate can fail: plant a known slowdown and check whether it is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from perfgate.check import Checked, CheckOptions, CheckScope, check
from perfgate.gate import Outcome
from perfgate.measure import canary
from perfgate.measure.canary import Planted
from perfgate.measure.progress import ProgressCallback, ignore, report_stages
from perfgate.measure.workspaces import workspace


@dataclass(frozen=True, kw_only=True)
class CanaryResult:
    """The result of `check_canary`."""

    planted: Planted
    checked: Checked

    @property
    def effect(self) -> float | None:
        """Return the effect size that was measured; None if there is no row for the benchmark."""
        (effect,) = [row.effect for row in self.checked.verdict.rows] or [None]
        return effect

    @property
    def is_detected(self) -> bool:
        """Whether the gate failed, as it must."""
        return self.checked.verdict.outcome is Outcome.FAIL


def check_canary(
    repository: Path,
    revision: str,
    *,
    options: CheckOptions | None = None,
    progress: ProgressCallback | None = None,
) -> CanaryResult:
    """Plant a known slowdown into a temporary copy of *revision*, and check whether the gate finds it.

    Only time is measured, and the default budget applies.

    Args:
        repository: The developer's work tree, or any folder in it.
        revision: What is copied and slowed down.
        options: As for `check`; what to gate, memory and policy are set here.
        progress: Is told what is being done.

    Raises:
        InvalidInput, MeasurementFailed: As `check`; also where no benchmark is suitable.
    """
    options, report = options or CheckOptions(), progress or ignore
    with workspace() as folder:
        planted = canary.plant(
            repository,
            revision,
            workspace=folder,
            options=options,
            progress=report_stages(report),
        )
        only_time = replace(options, select=planted.select, scope=CheckScope.GATE_ALL, memory=False, rules=None)
        checked = check(planted.repository, planted.base, planted.head, options=only_time, progress=progress)
    return CanaryResult(planted=planted, checked=checked)
