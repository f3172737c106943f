"""The use case `bisect`; tests/perfgate/commands/test_bisect.py searches a longer history."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.bisect import Bisected, NoSlowdown, SearchStarted, SearchStep, bisect
from perfgate.errors import InvalidInput
from perfgate.measure.options import MeasureOptions
from perfgate.measure.progress import MeasurementProgress
from tests.perfgate.repositories import CODE, SLOWER, SUITE, TOTAL_TEST, make_repository

pytestmark = pytest.mark.usefixtures("without_own_settings")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four commits; the third makes the benchmark twice as slow."""
    commits = {f"v{number}": {"shop.py": (SLOWER if number > 1 else CODE) + f"# {number}\n"} for number in range(4)}
    return make_repository(tmp_path_factory.mktemp("history"), {"benchmarks/test_shop.py": SUITE}, commits)


def test_the_commit_is_found_and_every_step_is_reported(history: Path) -> None:
    """The caller learns the forecast, each visited commit, and the stages between them."""
    events: list[MeasurementProgress | SearchStarted | SearchStep] = []
    result = bisect(history, "v0", "v3", progress=events.append)

    assert isinstance(result, Bisected)
    assert result.is_found
    position, probability = result.posterior.suspects()[0]
    assert (2, "v2") == (position, result.commits[position - 1].subject)
    assert probability >= 0.95
    assert None is result.branch
    (started,) = (event for event in events if isinstance(event, SearchStarted))
    steps = [event.commit.subject for event in events if isinstance(event, SearchStep)]
    assert (TOTAL_TEST, 3) == (started.followed.label, started.commits)
    assert set(steps) <= {"v1", "v2"}
    assert any(isinstance(event, MeasurementProgress) and event.undecided == 1 for event in events)


def test_without_a_slowdown_there_is_no_search(history: Path) -> None:
    """The result holds what was decided about each benchmark."""
    result = bisect(history, "v0", "v1")

    assert isinstance(result, NoSlowdown)
    assert 1 == len(result.decisions)


def test_a_pattern_without_a_match_is_an_error(history: Path) -> None:
    """It must not look like a suite without a slowdown."""
    with pytest.raises(InvalidInput, match=r"\*typo\*"):
        bisect(history, "v0", "v1", options=MeasureOptions(select="*typo*"))
