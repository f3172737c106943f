"""The progress bar: what it says in each state."""

from __future__ import annotations

import pytest

from perfgate.commands.progress import ProgressLines, describe, progress_bar
from perfgate.measure.progress import MeasurementProgress


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (MeasurementProgress(stage="checking out base"), "checking out base"),
        (MeasurementProgress(stage="screening", benchmarks=9, undecided=9), "screening, 9 of 9 undecided"),
        (
            MeasurementProgress(stage="confirming", benchmarks=9, undecided=2, seconds_left=41.0),
            "confirming, 2 of 9 undecided, about 45 s left",
        ),
    ],
)
def test_the_bar_says_the_stage_what_is_undecided_and_how_long_it_takes(
    progress: MeasurementProgress, text: str
) -> None:
    """Nothing is said that is not known."""
    assert text == describe(progress)


def test_nothing_is_drawn_where_standard_error_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A log file gets no bar, whatever is reported, also when the number of benchmarks becomes known later."""
    with progress_bar() as update:
        update(MeasurementProgress(stage="starting"))
        update(MeasurementProgress(stage="screening", benchmarks=2, undecided=1))
        update(MeasurementProgress(stage="measuring memory"))

    assert ("", "") == capsys.readouterr()


def test_a_log_gets_a_line_every_30_seconds() -> None:
    """A build that reports nothing for two minutes is not silent; a line says how long the command runs already."""
    now, written = 100.0, list[str]()
    lines = ProgressLines(written.append, lambda: now)
    for now in range(101, 222):
        if now == 110:
            lines.show(MeasurementProgress(stage="building base"))
        lines.write_if_due()

    assert [
        "perfgate, after 30 s: building base",
        "perfgate, after 60 s: building base",
        "perfgate, after 90 s: building base",
        "perfgate, after 120 s: building base",
    ] == written
