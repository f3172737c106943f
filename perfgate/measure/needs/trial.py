"""Collect a suite, and add what its errors ask for until it can be collected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from perfgate.errors import MeasurementFailed
from perfgate.measure.needs.suite_needs import SuiteNeeds

MAX_ATTEMPTS = 12
"""How often needs are added: more than any chain of missing modules seen."""

PreparedSide = TypeVar("PreparedSide")


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What collecting a suite gave."""

    count: int
    """How many benchmarks were found."""
    errors: str
    """What the tool printed about files that it could not collect; empty if it collected all of them."""


Added = Callable[[SuiteNeeds, str], SuiteNeeds | None]
"""Returns the needs with what the errors of a collection ask for; None if nothing certain can be added."""

Advice = Callable[[SuiteNeeds, str], str]
"""Returns the line that says what to add and where; empty if the errors do not show it."""


def try_out(
    side: PreparedSide,
    needs: SuiteNeeds,
    *,
    collect: Callable[[PreparedSide], Collected],
    complete: Callable[[SuiteNeeds], PreparedSide],
    added: Added,
    advice: Advice,
) -> tuple[PreparedSide, SuiteNeeds]:
    """Return a side on which the suite can be collected, and the needs that were installed there.

    Args:
        side: The side as it was prepared with *needs*.
        needs: What the suite is known to need.
        collect: Collects the suite on a side.
        complete: Installs more needs, and returns the side.
        added: Finds what is missing.
        advice: Says what a person has to add.

    Raises:
        MeasurementFailed: No benchmark can be collected, and nothing certain can be added.
    """
    collected = collect(side)
    for _ in range(MAX_ATTEMPTS):
        more = added(needs, collected.errors) if collected.errors else None
        if more is None:
            break
        try:
            side = complete(more)
        except MeasurementFailed:
            if collected.count:
                break  # what was collected can be measured without it
            raise
        needs, collected = more, collect(side)
    if not collected.count:
        line = advice(needs, collected.errors)
        raise MeasurementFailed(
            "no benchmark of the suite can be collected" + (f": {line}" if line else "") + f"\n{collected.errors}"
        )
    return side, needs
