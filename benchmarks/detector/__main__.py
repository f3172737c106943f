"""``python -m benchmarks.detector``: points searched per second of CPU, compared with asv, and the cost of one more point.

Both search the same simulated histories, in turn: a step about every 150 points, 2 % noise, a few spikes.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
from asv import step_detect
from numpy.typing import NDArray

from perfgate.stats.changepoints import Tracker, find_change_points

REPEATS = 5
LENGTHS = (1_000, 10_000)
LEAST_RATIO = 3.0
"""Times asv's points per second, at 1,000 points."""
MOST_GROWTH = 1.5
"""Cost of a point at 10,000 points ÷ at 1,000 points; 1 is linear."""
MOST_APPEND_SECONDS = 0.010
APPENDED = 300

Floats = NDArray[np.float64]


def main() -> int:
    print(f"load {os.getloadavg()[0]:.1f}; CPU time, the median of {REPEATS} histories", flush=True)
    find_change_points(history(200, seed=0))
    rates = {length: _rates(length) for length in LENGTHS}
    appended = _append(history(LENGTHS[-1], seed=99))
    for length, (ours, theirs) in rates.items():
        print(f"  {length:6,} points: perfgate {ours:9,.0f} points a second, asv {theirs:9,.0f}; {ours / theirs:.1f} ×")
    ratio = rates[LENGTHS[0]][0] / rates[LENGTHS[0]][1]
    growth = rates[LENGTHS[0]][0] / rates[LENGTHS[-1]][0]
    met = [
        _bar("points a second ÷ asv's, 1,000 points", ratio, f"≥ {LEAST_RATIO:g}", is_met=ratio >= LEAST_RATIO),
        _bar("cost of a point, 10,000 ÷ 1,000 points", growth, f"≤ {MOST_GROWTH:g}", is_met=growth <= MOST_GROWTH),
        _bar(
            "milliseconds to append to 10,000 points",
            1e3 * appended,
            f"≤ {1e3 * MOST_APPEND_SECONDS:g}",
            is_met=appended <= MOST_APPEND_SECONDS,
        ),
    ]
    return 0 if all(met) else 1


def history(length: int, *, seed: int) -> Floats:
    """Return a simulated history, in seconds."""
    rng = np.random.default_rng(seed)
    levels = np.repeat(np.cumsum(rng.choice([-0.1, 0.05, 0.1], length // 150 + 1)), 150)[:length]
    spikes = np.where(rng.random(length) < 0.01, rng.uniform(1.2, 2, length), 1.0)
    return np.asarray(1e-3 * np.exp(levels + 0.02 * rng.standard_normal(length)) * spikes, np.float64)


def _rates(length: int) -> tuple[float, float]:
    """Return points per second of CPU: ours, asv's."""
    found: list[tuple[float, float]] = []
    for seed in range(REPEATS):
        values = history(length, seed=seed)
        ours = _seconds(find_change_points, values)
        # asv is quadratic in places: one of the long histories is enough.
        theirs = (
            _seconds(step_detect.detect_steps, values.tolist()) if length <= LENGTHS[0] or seed == 0 else found[0][1]
        )
        found.append((ours, theirs))
    return length / statistics.median(ours for ours, _ in found), length / statistics.median(asv for _, asv in found)


def _seconds(search: Callable[[Floats], object] | Callable[[Sequence[float]], object], values: object) -> float:
    began = time.process_time()
    search(values)  # type: ignore[arg-type]
    return time.process_time() - began


def _append(values: Floats) -> float:
    """Return the median seconds of CPU that one more point costs at the end of a long history."""
    tracker = Tracker()
    for value in values[:-APPENDED]:
        tracker.append(float(value))
    costs = []
    for value in values[-APPENDED:]:
        began = time.process_time()
        tracker.append(float(value))
        costs.append(time.process_time() - began)
    return statistics.median(costs)


def _bar(name: str, value: float, bound: str, *, is_met: bool) -> bool:
    print(f"{name:45} {value:8.2f}  {bound:>7}  {'met' if is_met else 'not met'}", flush=True)
    return is_met


if __name__ == "__main__":
    raise SystemExit(main())
