"""The gate: judges a run beside its baseline under a policy."""

from perfgate.gate.decision import alpha_of, judge
from perfgate.gate.document import from_document, to_document
from perfgate.gate.exit_codes import exit_code
from perfgate.gate.pairing import NotJudged
from perfgate.gate.verdict import ALPHA, FalseAlarms, Row, Verdict
from perfgate.policy.findings import Finding, Outcome

__all__ = [
    "ALPHA",
    "FalseAlarms",
    "Finding",
    "NotJudged",
    "Outcome",
    "Row",
    "Verdict",
    "alpha_of",
    "exit_code",
    "from_document",
    "judge",
    "to_document",
]
