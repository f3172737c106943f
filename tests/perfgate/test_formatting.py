"""Numbers and foreign text, as people read them."""

import pytest

from perfgate import formatting


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.2345, "s", "1.23 s"),
        (999.9e-6, "s", "1 ms"),
        (999.4e-6, "s", "999 µs"),
        (4.2e-10, "s", "0.42 ns"),
        (0.0, "B", "0 B"),
        (121446400, "B", "121 MB"),
        (-3e-3, "s", "-3 ms"),
        (1234567.0, "1/s", "1,230,000 1/s"),
        (float("nan"), "s", "–"),
        (None, "s", "–"),
        (7e-9, "", "7e-09"),
    ],
)
def test_quantities_are_written_for_people(value: float | None, unit: str, text: str) -> None:
    """Three significant digits and a unit of readable size."""
    assert text == formatting.quantity(value, unit)


def test_an_unknown_interval_is_a_dash() -> None:
    """An interval with one unknown end keeps the other."""
    assert "–" == formatting.interval(None, None)
    assert "[–, +1.0 %]" == formatting.interval(None, 0.01)
