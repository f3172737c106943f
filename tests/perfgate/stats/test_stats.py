"""Importing the statistics costs what they need, and no more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perfgate import stats

MODULES = sorted(path.stem for path in Path(stats.__path__[0]).glob("*.py") if path.stem != "__init__")

WITHOUT_SCIPY = {
    "blocks",
    "bisection",
    "changepoints",
    "compare",
    "densities",
    "deterministic",
    "drift",
    "judgments",
} | {
    "normalized",
    "odds",
    "pairs",
    "pooling",
    "rates",
    "segmentation",
}
"""Modules that import scipy.special only where they need it, or not at all."""


def loaded(module: str) -> set[str]:
    """Return the top-level packages of scipy, and numpy, that importing a module loads."""
    code = (
        f"import sys, perfgate.stats.{module}\n"
        "print(*(name for name in sys.modules if name in ('numpy', 'scipy') or name.startswith('scipy.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", MODULES)
def test_no_module_loads_scipy_stats(module: str) -> None:
    """scipy.stats takes 0.7 s to import; scipy.special has what is needed."""
    found = loaded(module)

    assert "scipy.stats" not in found
    assert (module in WITHOUT_SCIPY) is ("scipy" not in found)


def test_what_a_pair_says_needs_no_numpy() -> None:
    """Judgments and deterministic metrics are plain numbers."""
    assert set() == loaded("judgments") | loaded("deterministic") | loaded("rates") | loaded("blocks") | loaded(
        "compare"
    )


def test_the_public_names_stay() -> None:
    """Programs outside this repository import these."""
    from perfgate.stats.changepoints import Tracker, find_change_points  # noqa: PLC0415 - the import is the test
    from perfgate.stats.sequential import Pair, judge_suite, pair_value  # noqa: PLC0415 - the import is the test

    assert all(callable(name) for name in (Pair, Tracker, find_change_points, judge_suite, pair_value))
