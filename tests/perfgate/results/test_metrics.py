"""The facts about a metric decide how it is shown, selected and judged."""

from __future__ import annotations

import pytest

from perfgate.results import metrics
from perfgate.results.records import PEAK_MEMORY, TIME, Direction, Metric


def test_a_deterministic_metric_is_found_by_name_unit_and_direction() -> None:
    """A metric is deterministic only with the known unit and direction; otherwise it is another metric of the same name."""
    assert metrics.deterministic(metrics.INSTRUCTIONS) is not None
    assert metrics.deterministic(PEAK_MEMORY) == metrics.find_deterministic("peak_memory", "B", Direction.LOWER)
    assert metrics.deterministic(Metric(name="peak_memory", unit="MB")) is None
    assert metrics.deterministic(Metric(name="peak_memory", unit="B", direction=Direction.HIGHER)) is None
    assert metrics.deterministic(TIME) is None


@pytest.mark.parametrize(
    ("name", "title", "family"),
    [("cpu_time", "CPU time", "time"), ("memory", "size of the result", "memory"), ("<b>", "<b>", "")],
)
def test_an_unknown_metric_is_shown_by_its_name(name: str, title: str, family: str) -> None:
    """A known metric has a title and a family; an unknown one has its own name and no family."""
    info = metrics.describe(name)

    assert (title, family) == (info.title, info.family)
    assert metrics.is_known(name) is bool(family)


@pytest.mark.parametrize(
    ("name", "direction", "word"),
    [
        ("time", Direction.LOWER, "slower"),
        ("startup_time", Direction.LOWER, "slower"),
        ("traced_peak", Direction.LOWER, "larger"),
        ("gpu_memory", Direction.LOWER, "larger"),
        ("instructions", Direction.LOWER, "higher"),
        ("throughput", Direction.HIGHER, "lower"),
    ],
)
def test_a_regression_has_an_adjective(name: str, direction: Direction, word: str) -> None:
    """The word for a regression follows from the metric and its direction."""
    assert word == metrics.word_for_worse(name, direction)


def test_a_number_that_a_test_keeps_is_a_metric_under_its_key() -> None:
    """A key that is no name, or too long for one, is none."""
    assert Metric(name="extra_info.rows", unit="") == metrics.extra_info("rows")
    assert metrics.extra_info("two\nlines") is None
    assert metrics.extra_info("k" * 89) is not None
    assert metrics.extra_info("k" * 90) is None
