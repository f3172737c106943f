"""``max = "5ms"``: the largest tolerated value."""

from __future__ import annotations

from typing import Final

from perfgate.formatting import quantity as shown_quantity
from perfgate.policy.findings import Finding, Limit, Observation, Outcome
from perfgate.policy.quantities import quantity
from perfgate.policy.rule_kind import JudgmentContext, RuleKind

ROUNDING = 1e-9
"""A level that equals the limit must not exceed it by a rounding error."""


class MaxValue(RuleKind):
    """The level of head fails if it is above the limit, whatever base measured."""

    key = "max"

    def read(self, given: str | float) -> tuple[float, str]:
        """Return the limit in seconds, bytes or as a pure number."""
        return quantity(given)

    def applies_to(self, limit: Limit, unit: str) -> bool:
        """Return whether the metric has the limit's unit: seconds do not limit bytes."""
        return limit.unit == unit

    def judge(self, limit: Limit, observation: Observation, context: JudgmentContext) -> Finding:  # noqa: ARG002
        """Return the finding on the level of head."""
        is_above = observation.candidate > limit.value * (1 + ROUNDING)
        return Finding(
            rule=self.key,
            limit=limit,
            observed=observation.candidate,
            outcome=Outcome.FAIL if is_above else Outcome.PASS,
            reason="above the largest value allowed" if is_above else "",
        )

    def describe(self, finding: Finding) -> str:
        """Return the limit with its unit."""
        return f"at most {shown_quantity(finding.limit.value, finding.limit.unit)}"


KIND: Final = MaxValue()
