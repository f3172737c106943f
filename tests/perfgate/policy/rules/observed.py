"""Observations to be judged."""

from __future__ import annotations

from datetime import date
from typing import Any

from perfgate.policy import JudgmentContext, Observation, Waiver
from perfgate.results.records import Direction

CONTEXT = JudgmentContext(today=date(2026, 11, 21))


def observation(**changes: Any) -> Observation:
    fields: dict[str, Any] = {
        "label": "a",
        "metric": "cpu_time",
        "unit": "s",
        "direction": Direction.LOWER,
        "baseline": 1.0,
        "candidate": 1.1,
        "effect": 0.1,
        "low": 0.09,
        "high": 0.11,
        "judgment": "regressed",
    }
    return Observation(**{**fields, **changes})


def waiver(ceiling: float, *, until: date = date(2027, 1, 1), line: int = 7) -> Waiver:
    return Waiver(
        benchmarks="a", metric="*", max_regression=ceiling, until=until, owner="Ada", reason="exact", line=line
    )
