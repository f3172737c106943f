"""A pattern that selects nothing ends at once, with the nearest names."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.check import CheckOptions, CheckScope, check
from perfgate.measure.progress import MeasurementProgress
from perfgate.measure.selection import NothingSelected, nearest

NAMES = ["benchmarks/test_a.py::test_parse[x]", "benchmarks/test_a.py::test_render", "words.Words.time_sort(100)"]


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("test_parse", "benchmarks/test_a.py::test_parse[x]"),
        ("*test_prase*", "benchmarks/test_a.py::test_parse[x]"),
        ("benchmarks/test_a.py::test_rendr", "benchmarks/test_a.py::test_render"),
        ("time_sort", "words.Words.time_sort(100)"),
    ],
)
def test_the_most_similar_name_comes_first(pattern: str, first: str) -> None:
    """A forgotten *, a slip of the pen, or the name without its file."""
    assert first == nearest(pattern, NAMES)[0]


def test_nothing_similar_is_not_suggested() -> None:
    """A name that has nothing to do with the pattern is no help."""
    assert [] == nearest("#####", NAMES)


@pytest.mark.usefixtures("without_own_settings")
@pytest.mark.parametrize("scope", [CheckScope.GATE_AFFECTED, CheckScope.GATE_ALL])
def test_a_check_ends_before_anything_is_traced_or_measured(repository: Path, scope: CheckScope) -> None:
    """Where the benchmarks are the same on both sides, and the base is collected first, the head is not even built."""
    stages: list[str] = []

    def note(progress: MeasurementProgress) -> None:
        stages.append(progress.stage)

    with pytest.raises(NothingSelected, match=r"matches none of the 2 benchmarks; the nearest: .*test_total"):
        check(repository, "base", "head", options=CheckOptions(select="test_totl", scope=scope), progress=note)

    assert not [stage for stage in stages if stage.startswith(("tracing", "screening"))]
    if scope is CheckScope.GATE_AFFECTED:
        assert not [stage for stage in stages if "head" in stage]
