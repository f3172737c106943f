"""perfgate's hot paths as a pytest-benchmark suite: reading, writing and reporting."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from perfgate import gate
from perfgate.report.markdown import markdown
from perfgate.results import result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Run, Sample


def suite(count, factor=1.0, baseline=None):
    """A run of *count* benchmarks, twelve rounds of twelve measurements each."""
    rng = np.random.default_rng(3)
    values = factor * 1e-3 * np.exp(0.01 * rng.standard_normal((count, 12, 12)))
    return Run(
        suite="pytest-benchmark",
        tool="pytest-benchmark 5.3.1",
        commit=Commit(sha="a" * 40, committed_at=datetime(2026, 11, 1, tzinfo=UTC)),
        environment=Environment(name="runner"),
        samples=tuple(
            Sample(
                benchmark=Benchmark(name=f"bench/test_module.py::test_{i}", parameters={"n": str(i)}),
                metric=CPU_TIME,
                value=1e-3,
                rounds=tuple(map(tuple, rounds.tolist())),
            )
            for i, rounds in enumerate(values)
        ),
        baseline=baseline,
    )


@pytest.fixture(scope="module")
def judged():
    return gate.judge(suite(100, 1.05, suite(100)), today=date(2026, 11, 1))


def test_write_result_file(benchmark):
    assert benchmark(result_file.write, suite(100)).startswith(b'{"perfgate_result":')


def test_read_result_file(benchmark):
    data = result_file.write(suite(100))
    assert len(benchmark(result_file.read, data).samples) == 100


def test_judge(benchmark):
    run = suite(100, 1.05, suite(100))
    assert len(benchmark(gate.judge, run, today=date(2026, 11, 1)).rows) == 100


def test_markdown(benchmark, judged):
    assert "perfgate" in benchmark(markdown, judged)
