"""Numbers with units, as people write them in a policy."""

from __future__ import annotations

import re

_UNITS = {
    "": (1.0, ""),
    "%": (0.01, ""),
    "ns": (1e-9, "s"),
    "us": (1e-6, "s"),
    "µs": (1e-6, "s"),
    "ms": (1e-3, "s"),
    "s": (1.0, "s"),
    "min": (60.0, "s"),
    "B": (1.0, "B"),
    "kB": (1e3, "B"),
    "KB": (1e3, "B"),
    "MB": (1e6, "B"),
    "GB": (1e9, "B"),
    "KiB": (1024.0, "B"),
    "MiB": (1024.0**2, "B"),
    "GiB": (1024.0**3, "B"),
}
_QUANTITY = re.compile(r"^\s*(?P<number>[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*(?P<unit>[^\s0-9]*)\s*$")

MAX_FRACTION = 10.0
"""Largest change that a policy may tolerate, as a fraction."""


def quantity(text: str | float) -> tuple[float, str]:
    """Return a number in seconds, bytes or as a pure number, and that unit (``s``, ``B`` or empty).

    Raises:
        ValueError: Not a number with a known unit; the message lists the known units.

    >>> quantity("250 MB"), quantity("3%"), quantity("2min")
    ((250000000.0, 'B'), (0.03, ''), (120.0, 's'))
    """
    if isinstance(text, int | float):
        return float(text), ""
    match = _QUANTITY.match(text)
    if match is None or match["unit"] not in _UNITS:
        known = ", ".join(repr(unit) for unit in _UNITS if unit)
        raise ValueError(f"{text!r} is not a number followed by a unit perfgate knows ({known})")
    factor, unit = _UNITS[match["unit"]]
    return float(match["number"].replace("_", "")) * factor, unit


def fraction(given: str | float) -> float:
    """Return a tolerated change as a fraction.

    Raises:
        ValueError: It has a unit, or it is so large that a percent sign was probably forgotten.

    >>> fraction("3%"), fraction(0.05)
    (0.03, 0.05)
    """
    value, unit = quantity(given)
    if unit:
        raise ValueError(f"{given!r}: a share is needed, such as '3%'")
    if value > MAX_FRACTION or (isinstance(given, int | float) and value > 1):
        raise ValueError(f"{given!r}: more than tenfold, write '3%' or 0.03")
    return value
