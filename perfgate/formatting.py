"""Format numbers and untrusted text for people; percent signs, units and rounding exist only here.

Names of benchmarks, commit messages and branches are untrusted: in Markdown they go through `code`, everywhere else
through `plain`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

_SCALES = {
    "s": ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")),
    "B": ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")),
}
_HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
"""Control, bidirectional and zero-width characters."""

_BARS = "▁▂▃▄▅▆▇█"


def percent(fraction: float | None) -> str:
    """Return a signed percentage with two significant digits below ten: ``+6.1 %``, ``-0.05 %``, ``+112 %``.

    >>> percent(0.0612), percent(-0.0005), percent(152.76), percent(None)
    ('+6.1 %', '-0.05 %', '+15,276 %', '–')
    """
    if fraction is None or not math.isfinite(fraction):
        return "–"
    hundredths = 100 * fraction
    size = abs(hundredths)
    digits = 0 if size >= 99.5 else 1 if size >= 0.95 or size == 0 else 2
    return f"{hundredths:+,.{digits}f} %"


def interval(low: float | None, high: float | None) -> str:
    """Return an interval of an effect: ``[+5.2 %, +7.0 %]``; a dash if both ends are unknown."""
    if low is None and high is None:
        return "–"
    return f"[{percent(low)}, {percent(high)}]"


def share(fraction: float, *, digits: int = 3) -> str:
    """Return an unsigned percentage with *digits* significant digits: ``3 %``.

    >>> share(0.03), share(0.005), share(0.08654, digits=2)
    ('3 %', '0.5 %', '8.7 %')
    """
    return f"{100 * fraction:.{digits}g} %"


def roughly(seconds: float) -> str:
    """Return an estimated duration, rounded coarsely.

    >>> roughly(3), roughly(41), roughly(100), roughly(400), roughly(9_000)
    ('about 5 s', 'about 45 s', 'about 2 min', 'about 7 min', 'about 2.5 h')
    """
    if seconds <= 60:
        return f"about {max(5, 5 * math.ceil(seconds / 5))} s"
    return f"about {math.ceil(seconds / 60)} min" if seconds <= 5_400 else f"about {seconds / 3_600:.1f} h"


def quantity(value: float | None, unit: str) -> str:
    """Return a value with a unit of readable size, three significant digits.

    >>> quantity(0.0123, "s"), quantity(4.1e6, "B"), quantity(12.0, "items"), quantity(0.0, "s"), quantity(2e6, "1")
    ('12.3 ms', '4.1 MB', '12 items', '0 s', '2,000,000')
    """
    if value is None or not math.isfinite(value):
        return "–"
    for factor, name in _SCALES.get(unit, ()):
        if abs(value) >= 0.9995 * factor:  # 999.95 ms rounds to 1 s
            return f"{_three(value / factor)} {name}"
    if unit in _SCALES and value:
        factor, name = _SCALES[unit][-1]
        return f"{_three(value / factor)} {name}"
    return _three(value) if unit in {"", "1"} else f"{_three(value)} {unit}"


def _three(number: float) -> str:
    """Return three significant digits, without an exponent if that is short."""
    if number and not 1e-4 <= abs(number) < 1e15:
        return f"{number:.3g}"
    digits = 3 - 1 - math.floor(math.log10(abs(number))) if number else 0
    text = f"{round(number, digits):,.{max(0, digits)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def sparkline(values: Sequence[float]) -> str:
    """Return values as block characters, oldest first; a flat line for equal values.

    >>> sparkline([1, 1, 1, 8])
    '▁▁▁█'
    """
    if not values:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return "".join(_BARS[min(7, int(8 * (value - low) / span))] for value in values)


def chance(probability: float) -> str:
    """Return a probability that is never rounded to 100 %.

    >>> chance(0.9876), chance(0.9999)
    ('98.8 %', 'above 99.9 %')
    """
    return share(probability, digits=3) if probability < 0.999 else "above 99.9 %"


def plain(text: str, limit: int = 200) -> str:
    """Return untrusted text on one line, with hidden and reordering characters replaced."""
    cleaned = _HIDDEN.sub("�", text).strip()
    return cleaned if len(cleaned) <= limit else cleaned[: limit - 1] + "…"


def code(text: str, limit: int = 120) -> str:
    """Return untrusted text as a Markdown code span that its content cannot end, also within a table."""
    cleaned = plain(text, limit)
    fence = "`" * (max((len(run) for run in re.findall(r"`+", cleaned)), default=0) + 1)
    pad = " " if not cleaned or cleaned[0] == "`" or cleaned[-1] == "`" else ""
    return f"{fence}{pad}{cleaned.replace('|', chr(92) + '|')}{pad}{fence}"
