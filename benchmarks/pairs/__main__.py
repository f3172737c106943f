"""``python -m benchmarks.pairs``: how well perfgate's pairs repeat, compared with two plain layouts, and what they cost.

All layouts measure the same kernels of unchanged code in random order, and all values are the median of neighboring log
ratios, so that only the way of measuring differs.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks.pairs import rivals, suites
from perfgate.measure import Pairs, open_pairs
from perfgate.stats.pairs import pair_value

OURS = "perfgate"
TOOLS = ("asv", "pytest-benchmark")
OVERHEAD_ROUNDS = 4
MOST_OVERHEAD = 0.35
BAD_SPREAD = 0.1
"""Spread from which a free layout counts as bad: the two sides ran on CPUs of different speed."""

Values = dict[str, dict[str, list[float]]]
"""By layout and kernel."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure how well live pairs repeat and what they cost.")
    parser.add_argument("--passes", type=int, default=12)
    parser.add_argument("--tool", choices=TOOLS, default="asv", help="whose suite perfgate's own pairs measure")
    options = parser.parse_args()
    passes: int = options.passes
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    with tempfile.TemporaryDirectory(prefix="perfgate-pairs-") as name:
        folder = Path(name)
        project = suites.layouts(folder / "kernels")
        print(
            f"{passes} passes of {len(suites.SHORT + suites.LONG)} kernels; load {os.getloadavg()[0]:.1f}", flush=True
        )
        values, seconds = _measure(project, options.tool, passes)
        is_met = _report(values, seconds)
        for tool in TOOLS:
            is_met &= _overhead(folder, tool)
    return 0 if is_met else 1


def _measure(project: Path, tool: str, passes: int) -> tuple[Values, Values]:
    values: Values = defaultdict(lambda: defaultdict(list))
    seconds: Values = defaultdict(lambda: defaultdict(list))
    with open_pairs(project, "HEAD", "HEAD", suite=tool) as pairs:
        every = suites.SHORT + suites.LONG
        labels = {name: next(label for label in pairs.benchmarks if label.endswith(name)) for name in every}
        for turn in range(passes):
            for kernel, label in labels.items():
                for layout in random.sample([OURS, rivals.FREE, rivals.PINNED], 3):
                    if isinstance(layout, rivals.Layout):
                        name, (value, cost) = layout.name, rivals.timed(layout, kernel, project, turn)
                    else:
                        name, (value, cost) = OURS, _take(pairs, label)
                    values[name][kernel].append(value)
                    seconds[name][kernel].append(cost)
    return values, seconds


def _take(pairs: Pairs, label: str) -> tuple[float, float]:
    pair = pairs.take_pair(label)
    return pair_value(pair), pair.seconds


def _report(values: Values, seconds: Values) -> bool:
    """Print the spreads and the limits; return whether all limits are met."""
    print(f"{'spread of a pair (robust), seconds':36}{'all':>22}{'short':>22}{'5 ms and longer':>22}")
    both, short, long = suites.SHORT + suites.LONG, suites.SHORT, suites.LONG
    spreads = {}
    for layout in values:
        row = ""
        for group in (both, short, long):
            sd, robust, cost = spreads[layout, group] = _spreads(values[layout], seconds[layout], group)
            row += f"{sd:9.2%} ({robust:5.2%}) {cost:.2f}"
        print(f"{layout:36}{row}")
    free, pinned = rivals.FREE.name, rivals.PINNED.name
    is_met = True
    for text, (rival, group, limit) in {
        "of the free layout": (free, both, 0.15),
        "of the pinned one, short": (pinned, short, 1.0),
        "of the pinned one, 5 ms and longer": (pinned, long, 0.8),
    }.items():
        ratios = [spreads[OURS, group][which] / spreads[rival, group][which] for which in (0, 1)]
        is_due = rival != free or spreads[free, group][0] >= BAD_SPREAD
        is_kept = min(ratios) <= limit or not is_due
        is_met &= is_kept
        note = "met" if is_kept else "not met"
        print(
            f"{text:36}{ratios[0]:9.2f} ({ratios[1]:5.2f})  must <= {limit:.2f}  {note if is_due else 'not bad here'}"
        )
    return is_met


def _spreads(
    values: dict[str, list[float]], seconds: dict[str, list[float]], group: tuple[str, ...]
) -> tuple[float, float, float]:
    """Return the spread, the robust spread and the seconds of a pair of one layout, averaged over kernels."""
    sd = _mean(statistics.pstdev(values[kernel]) for kernel in group)
    robust = _mean(_robust(values[kernel]) for kernel in group)
    return sd, robust, statistics.mean(cost for kernel in group for cost in seconds[kernel])


def _overhead(folder: Path, tool: str) -> bool:
    """Print which share of the seconds of a suite of 1 ms benchmarks gives no sample; return whether it is small."""
    project = folder / "milliseconds"
    if not project.exists():
        suites.milliseconds(project)
    with open_pairs(project, "HEAD", "HEAD", suite=tool) as pairs:
        cost = [pairs.take_pair(label).seconds for _ in range(OVERHEAD_ROUNDS) for label in pairs.benchmarks]
        share = pairs.overhead
    is_met = share <= MOST_OVERHEAD
    text = f"overhead, {suites.ONE_MILLISECOND} benchmarks of 1 ms, {tool}"
    print(f"{text:52}{share:7.1%}  must <= {MOST_OVERHEAD:.0%}  {'met' if is_met else 'not met'};", end=" ")
    print(f"{statistics.mean(cost):.3f} s a pair", flush=True)
    return is_met


def _robust(values: list[float]) -> float:
    middle = statistics.median(values)
    return 1.4826 * statistics.median(abs(value - middle) for value in values)


def _mean(values: Iterable[float]) -> float:
    """Return the geometric mean; values below the clock's resolution count as 0.001 %."""
    return math.exp(statistics.mean(math.log(max(value, 1e-5)) for value in values))


if __name__ == "__main__":
    raise SystemExit(main())
