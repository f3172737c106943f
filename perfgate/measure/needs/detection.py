"""What a suite needs, found in its repository's files and in the errors of collecting it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.suites import Suite


@dataclass(frozen=True, kw_only=True)
class DetectedNeeds:
    """The needs that a repository declares for a suite, and what else it declares."""

    needs: SuiteNeeds

    def added(self, needs: SuiteNeeds, errors: str) -> SuiteNeeds | None:
        """Return *needs* with what *errors* ask for; None if nothing certain can be added."""
        return None

    def advice(self, needs: SuiteNeeds, errors: str) -> str:
        """Return the line that says what to add and where; empty if the errors do not show it."""
        return ""


def find_needs(checkout: Path, suite: Suite, tool_packages: Sequence[str]) -> DetectedNeeds:
    """Return what the suite in *checkout* needs.

    Args:
        checkout: The checked-out code.
        suite: The suite.
        tool_packages: Requirements that every suite of its tool has.
    """
    return DetectedNeeds(needs=replace(SuiteNeeds(), packages=tuple(tool_packages)))
