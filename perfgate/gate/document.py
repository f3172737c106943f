"""The stored form of a verdict, with a version; documents of older versions are upgraded when they are read.

=======  ======================================================================================================
version  change
=======  ======================================================================================================
3        ``low`` and ``high`` of a row are those of the interval that decided; its standard error is ``error``.
         Before, they were the ends of the 95 % interval.
2        A row has ``findings``, one for each rule, instead of ``allowed``, ``max_value`` and ``waiver``;
         ``judgement`` is ``judgment``.
1        The first form; it had no ``version``.
=======  ======================================================================================================
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from perfgate.errors import InvalidInput
from perfgate.gate.verdict import NORMAL_QUANTILE, Verdict

VERSION = 3


def to_document(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as plain data for JSON."""
    return {"version": VERSION, **msgspec.to_builtins(verdict)}


def from_document(document: Mapping[str, Any]) -> Verdict:
    """Return the verdict in a document of any version.

    Raises:
        InvalidInput: A newer version, or not a verdict.
    """
    fields = dict(document)
    version = fields.pop("version", 1)
    if version not in range(1, VERSION + 1):
        raise InvalidInput(f"the verdict has version {version!r}, this perfgate reads 1 to {VERSION}: upgrade perfgate")
    if version == 1:
        fields["rows"] = [_upgraded_row(row) for row in fields.get("rows", ())]
    if version < 3:
        fields["rows"] = [{**row, "error": _error(row)} for row in fields.get("rows", ())]
    try:
        return msgspec.convert(fields, Verdict)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"not a verdict: {error}") from error


def _error(row: Mapping[str, Any]) -> float | None:
    """Return the standard error that the 95 % interval of a row of version 1 or 2 tells; None if there is none."""
    low, high = row.get("low"), row.get("high")
    if low is None or high is None or not -1 < low <= high:
        return None
    return (math.log1p(high) - math.log1p(low)) / (2 * NORMAL_QUANTILE)


def _upgraded_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of version 1 with findings."""
    fields = {name: value for name, value in row.items() if name not in {"allowed", "max_value", "waiver", "judgement"}}
    fields["judgment"] = row["judgement"]
    fields["findings"] = [_upgraded_regression(row), *([_upgraded_maximum(row)] if row.get("max_value") else [])]
    return fields


def _upgraded_regression(row: Mapping[str, Any]) -> dict[str, Any]:
    outcome, is_above = row["outcome"], _is_above(row)
    if is_above or row.get("exempt"):  # the row's outcome is not this rule's
        outcome = {"regressed": "fail", "inconclusive": "inconclusive"}.get(row["judgement"], "pass")
    return {
        "rule": "max_regression",
        "limit": row["allowed"],
        "observed": row.get("effect"),
        "low": row.get("low"),
        "high": row.get("high"),
        "outcome": outcome,
        "reason": "" if is_above or row.get("exempt") else row.get("reason", ""),
        "waiver": row.get("waiver"),
    }


def _upgraded_maximum(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "rule": "max",
        "limit": {**row["max_value"], "unit": row["unit"]},
        "observed": row["candidate"],
        "outcome": "fail" if _is_above(row) else "pass",
        "reason": row.get("reason", "") if _is_above(row) else "",
    }


def _is_above(row: Mapping[str, Any]) -> bool:
    limit: Mapping[str, float] | None = row.get("max_value")
    return limit is not None and bool(row["candidate"] > limit["value"])
