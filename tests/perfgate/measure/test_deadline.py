"""When the time of a command is over, whatever it waits for ends, and what was measured stays."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure import open_pairs
from perfgate.measure.deadline import OutOfTime, refuse_if_over, seconds_left, time_limit
from perfgate.measure.processes import run_parallel, run_tool
from perfgate.results.records import SampleState
from tests.perfgate.repositories import CODE, make_repository


def sleep(tmp_path: Path, name: str = "one") -> int:
    return run_tool(["sleep", "3600"], cwd=tmp_path, environment={"PATH": "/usr/bin:/bin"}, output=tmp_path / name)


def test_a_program_ends_with_the_time(tmp_path: Path) -> None:
    """The message has the limit and the program; the next program does not even start."""
    with time_limit(0.2):
        with pytest.raises(
            OutOfTime, match=r"the time budget of 0\.2 s was spent while this ran: sleep 3600; allow more"
        ):
            sleep(tmp_path)
        with pytest.raises(OutOfTime, match="before sleep could run"):
            sleep(tmp_path)
        assert 0 == seconds_left()
    assert math.inf == seconds_left()


def test_the_time_holds_in_the_threads_of_parallel_builds(tmp_path: Path) -> None:
    """Both sides are built at once."""
    calls = {name: lambda name=name: sleep(tmp_path, name) for name in ("base", "head")}
    with time_limit(0.2), pytest.raises(OutOfTime):
        run_parallel(calls, in_threads=True)


def test_a_limit_within_a_limit_only_shortens_it() -> None:
    """Tracing gets a part of the time, and never more than is left."""
    with (
        time_limit(0.0),
        time_limit(60.0, "the part for tracing"),
        pytest.raises(OutOfTime, match="the time budget of 0 s was spent tracing"),
    ):
        refuse_if_over("tracing")
    with time_limit(60.0):
        with (
            time_limit(0.0, "the part for tracing"),
            pytest.raises(MeasurementFailed, match="the part for tracing of 0 s"),
        ):
            refuse_if_over("tracing")
        assert 0 < seconds_left() <= 60


HANGING = "import time\n\ndef test_hangs(benchmark):\n    benchmark(time.sleep, 3600)\n"
SUITE = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 20_000)\n"


@pytest.mark.usefixtures("without_own_settings")
def test_a_pair_that_hangs_ends_with_the_time_and_earlier_pairs_stay(tmp_path: Path) -> None:
    """It is no failure of the benchmark: its samples until then, none here, are kept without a reason of their own."""
    files = {"shop.py": CODE, "benchmarks/test_shop.py": SUITE, "benchmarks/test_slow.py": HANGING}
    repository = make_repository(tmp_path / "shop", files, {"base": {}})
    with open_pairs(repository, "base", "base") as pairs:
        total, hangs = pairs.benchmarks
        pairs.take(total)
        with time_limit(3.0), pytest.raises(OutOfTime, match="the time budget of 3 s was spent while it ran"):
            pairs.take(hangs)
        with time_limit(0.0), pytest.raises(OutOfTime, match="before this pair"):
            pairs.take(total)
        run = pairs.run()

    assert [(total, SampleState.MEASURED)] == [(sample.benchmark.label, sample.state) for sample in run.samples][:1]
    assert SampleState.FAILED not in {sample.state for sample in run.samples}
