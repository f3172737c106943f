"""Arguments that several subcommands share: options.py, and the codes of exit_codes.py that they end with."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from perfgate.commands import exit_codes, options
from perfgate.measure.options import MeasureOptions


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("0.5s", 0.5)])
def test_a_duration_is_given_in_seconds_or_minutes(text: str, seconds: float) -> None:
    """A bare number means seconds; m means minutes, not milli."""
    assert seconds == options.duration(text)


@pytest.mark.parametrize("text", ["", "soon", "0", "-3s", "5MB", "10%%"])
def test_no_other_text_is_a_duration(text: str) -> None:
    """Zero, another unit and words are errors that say what to write."""
    with pytest.raises(argparse.ArgumentTypeError, match="write 90s or 10m"):
        options.duration(text)


def test_a_shard_is_a_number_out_of_a_count() -> None:
    """``2/3`` is the second of three; there is no fourth of three."""
    assert (2, 3) == options.shard("2/3")
    with pytest.raises(argparse.ArgumentTypeError, match="4/3"):
        options.shard("4/3")


def test_the_arguments_fill_the_options_of_a_measurement() -> None:
    """Each argument becomes the field of its name; what was not given keeps the default of `MeasureOptions`."""
    parser = argparse.ArgumentParser()
    options.add_measuring_arguments(parser)
    given = parser.parse_args(["--suite", "asv", "--environment", "bench-1", "--output", "x.json"])
    nothing = parser.parse_args([])

    assert MeasureOptions(suite="asv", environment="bench-1") == MeasureOptions(**options.measure_fields(given))
    assert MeasureOptions() == MeasureOptions(**options.measure_fields(nothing))
    assert Path("x.json") == given.output


def test_json_and_markdown_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict is printed in one form."""
    parser = argparse.ArgumentParser()
    options.add_verdict_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--json", "--markdown"])
    assert "not allowed with" in capsys.readouterr().err


def test_the_exit_codes_are_those_that_are_documented() -> None:
    """0 pass, 1 budget broken, 2 error, 3 undecidable: workflows depend on them."""
    assert (0, 1, 2, 3) == (exit_codes.PASS, exit_codes.FAIL, exit_codes.ERROR, exit_codes.UNDECIDABLE)
