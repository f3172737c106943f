"""The interface of a rule kind. Each module in `perfgate.policy.rules` implements it once, as ``KIND``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar

from perfgate.policy.findings import Finding, Limit, Observation
from perfgate.policy.references import References
from perfgate.policy.waivers import Waiver, find_waiver


@dataclass(frozen=True, kw_only=True)
class JudgmentContext:
    """What a rule may use besides limit and observation."""

    today: date
    """Decides which waivers are in force."""
    waivers: Sequence[Waiver] = ()
    references: References = field(default_factory=References)

    def waiver(self, observation: Observation) -> Waiver | None:
        """Return the waiver in force for the benchmark and metric of *observation*."""
        return find_waiver(self.waivers, observation.label, observation.metric, self.today)


class RuleKind(ABC):
    """One kind of rule: how its limit is written, how it judges, and how the limit is shown."""

    key: ClassVar[str]
    """Its key in a ``[[budget]]`` table, and `Finding.rule`."""
    default: ClassVar[float | None] = None
    """Limit of a benchmark for which no table sets one; None: the rule does not apply then."""

    @abstractmethod
    def read(self, given: str | float) -> tuple[float, str]:
        """Return the limit's value and unit.

        Raises:
            ValueError: It is no limit of this kind; the message quotes *given*.
        """

    def applies_to(self, limit: Limit, unit: str) -> bool:  # noqa: ARG002 - kinds with units use both
        """Return whether a limit means anything for a metric with that unit."""
        return True

    @abstractmethod
    def judge(self, limit: Limit, observation: Observation, context: JudgmentContext) -> Finding:
        """Return what the rule says about one benchmark and metric."""

    @abstractmethod
    def describe(self, finding: Finding) -> str:
        """Return the limit of a finding as people read it: ``3 %`` or ``at most 5 ms``."""
