"""Levels outside the comparison that a rule may hold a benchmark against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perfgate.results.records import Record


class ReferenceLevel(Record, frozen=True):
    """The level of one benchmark and metric at an earlier commit."""

    value: float
    """In the metric's unit."""
    low: float
    high: float
    """Ends of the 95 % confidence interval of *value*."""
    source: str
    """Where it comes from: a tag, a commit or an alert."""


ReferenceLevels = Mapping[tuple[str, str], ReferenceLevel]
"""Levels by benchmark label and metric name."""


@dataclass(frozen=True, kw_only=True)
class References:
    """All reference levels that the caller of the gate knows."""

    released: ReferenceLevels = field(default_factory=dict)
    """At the last release."""
    accepted: ReferenceLevels = field(default_factory=dict)
    """Last accepted by a person."""
    frozen: ReferenceLevels = field(default_factory=dict)
    """Frozen for a release in preparation."""
