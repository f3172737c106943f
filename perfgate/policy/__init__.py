"""The policy of a repository: budgets, waivers and rules for alerts, read from perfgate.toml."""

from perfgate.policy.alert_rules import AlertRules
from perfgate.policy.findings import Finding, Limit, Observation, Outcome
from perfgate.policy.language import DEFAULT_MAX_REGRESSION, FILE_NAME, Budgets, find, read
from perfgate.policy.quantities import quantity
from perfgate.policy.references import ReferenceLevel, References
from perfgate.policy.rule_kind import JudgmentContext, RuleKind
from perfgate.policy.waivers import Waiver

__all__ = [
    "DEFAULT_MAX_REGRESSION",
    "FILE_NAME",
    "AlertRules",
    "Budgets",
    "Finding",
    "JudgmentContext",
    "Limit",
    "Observation",
    "Outcome",
    "ReferenceLevel",
    "References",
    "RuleKind",
    "Waiver",
    "find",
    "quantity",
    "read",
]
