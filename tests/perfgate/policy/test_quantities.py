"""Tests of `perfgate.policy.quantities`."""

from __future__ import annotations

import pytest

from perfgate import policy


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("100us", 1e-4, "s"), ("100 µs", 1e-4, "s"), ("1.5GiB", 1.5 * 2**30, "B"), ("99.99%", 0.9999, ""), (4, 4.0, "")],
)
def test_quantities_are_read_as_people_write_them(text: str, value: float, unit: str) -> None:
    """Numbers with units are returned in seconds, bytes or as pure numbers."""
    found, found_unit = policy.quantity(text)

    assert pytest.approx(value) == found
    assert unit == found_unit
