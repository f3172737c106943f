"""``max_regression = "3%"``: the largest tolerated change in the bad direction."""

from __future__ import annotations

from typing import ClassVar, Final

from perfgate.formatting import share
from perfgate.policy.findings import Finding, Limit, Observation, Outcome
from perfgate.policy.quantities import fraction
from perfgate.policy.rule_kind import JudgmentContext, RuleKind
from perfgate.policy.waivers import Waiver

SHOWN_DIGITS = 12
"""A change that equals a ceiling must not exceed it by a rounding error."""


class MaxRegression(RuleKind):
    """A change fails if it is significant and larger than the budget, unless a waiver permits it.

    The statistics are tested against the budget before; this rule applies waivers to their result.
    """

    key = "max_regression"
    default: ClassVar[float] = 0.03  # what a noisy shared runner can certify in a few seconds

    def read(self, given: str | float) -> tuple[float, str]:
        """Return the budget as a fraction."""
        return fraction(given), ""

    def judge(self, limit: Limit, observation: Observation, context: JudgmentContext) -> Finding:
        """Return the finding on a change."""
        waiver = context.waiver(observation)
        outcome, reason = _outcome(observation, waiver)
        return Finding(
            rule=self.key,
            limit=limit,
            observed=observation.effect,
            low=observation.low,
            high=observation.high,
            outcome=outcome,
            reason=reason,
            waiver=waiver,
        )

    def describe(self, finding: Finding) -> str:
        """Return the budget, or the ceiling of the waiver in force."""
        return share(finding.waiver.max_regression if finding.waiver else finding.limit.value)


def _outcome(observation: Observation, waiver: Waiver | None) -> tuple[Outcome, str]:
    if observation.judgment == "inconclusive":
        return Outcome.INCONCLUSIVE, observation.reason
    if observation.judgment != "regressed":
        return Outcome.PASS, observation.reason
    if waiver is None or observation.worsening is None:
        return Outcome.FAIL, observation.reason
    if round(observation.worsening, SHOWN_DIGITS) <= waiver.max_regression:
        return Outcome.WAIVED, waiver.reason
    where = f"line {waiver.line}" if waiver.line else f"by {waiver.owner}"
    return Outcome.FAIL, f"beyond the waiver's ceiling ({where})"


KIND: Final = MaxRegression()
