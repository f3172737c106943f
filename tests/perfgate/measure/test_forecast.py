"""The next check states what a pair was expected to cost beside what it did cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.check import Cost
from perfgate.commands.verdict_output import describe_cost
from perfgate.measure import forecast


def test_the_forecast_is_kept_until_the_next_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the one cache folder; without one, or with something else in the file, there is no forecast."""
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    assert forecast.kept() is None
    forecast.keep(0.46)
    assert 0.46 == forecast.kept()
    for spoiled in ("soon", "nan", "-1"):
        (tmp_path / "cache" / "forecast").write_text(spoiled)
        assert forecast.kept() is None


def test_both_are_stated() -> None:
    """A forecast that was wrong is seen to be wrong."""
    cost = Cost(benchmarks=1, pairs=10, seconds=50.0, pair_seconds=38.0, count_seconds=0.0, forecast_pair_seconds=0.46)

    assert describe_cost(cost).endswith("Forecast 0.5 s a pair, took 3.8 s.")
