"""Packages that differ between two sides are named."""

from __future__ import annotations

from perfgate.measure.sides.requirements import differences


def test_differences_name_both_versions() -> None:
    """Packages on one side only are named, equal versions are not."""
    base = {"attrs": "23.1", "numpy": "2.0", "old": "1"}
    head = {"attrs": "24.2", "numpy": "2.0", "new": "3"}

    assert differences(base, head) == "attrs 23.1 → 24.2, new absent → 3, old 1 → absent"
    assert differences(base, base) == ""
