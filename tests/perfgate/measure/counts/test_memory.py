"""Memory of a real project's benchmarks: one hundredth more is seen from one pair, and the parent's size is not inherited.

probes.py and probe_session.py run the probe here, and in test_instructions.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.measure.counts import memory
from perfgate.results import metrics
from perfgate.results.records import Sample, SampleState
from perfgate.stats.deterministic import judge_counts
from perfgate.stats.judgments import Judgment
from tests.perfgate.measure import probed
from tests.perfgate.measure.probed import TEST, by_name, item

Measured = dict[str, tuple[Sample, ...]]


@pytest.fixture(scope="module")
def of_tests(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """Both metrics of some tests, measured by a process that holds far more memory than they do."""
    ballast = bytearray(b"x") * 300_000_000
    names = ("test_keep", "test_prepared", "test_raises", "test_exits", "test_skipped", "test_work[10]", "test_hold")
    wanted = [item(TEST + name) for name in names]
    heard: list[str] = []
    project = probed.make(tmp_path_factory.mktemp("memory") / "shop")
    with probed.prepared(project, "pytest-benchmark") as ready:
        found = memory.measure(
            ready.sides, ready.suite, wanted, ready.folder, timeout_seconds=20, progress=heard.append
        )
    assert heard[0] == f"memory of {TEST}test_keep (1 of 7)"
    assert len(ballast) == 300_000_000
    return found


def test_a_hundredth_more_traced_memory_is_seen_from_one_pair(of_tests: Measured) -> None:
    """One percent more is a regression under a budget of half a percent, and of nothing."""
    base, head = (by_name(of_tests[role], "traced_peak")["test_keep"] for role in ("base", "head"))
    known = metrics.deterministic(metrics.TRACED_PEAK)
    assert known is not None
    assert base.value is not None
    assert base.value > known.judged_above
    for budget in (0.0, 0.005):
        decision = judge_counts(base.rounds, head.rounds, budget=budget, repeatability=known.repeatability)

        assert Judgment.REGRESSED is decision.outcome
        assert 0.009 < decision.effect < 0.013


def test_one_round_is_kept_on_either_side(of_tests: Measured) -> None:
    """Samples of both sides name the same benchmarks and metrics in the same order, with one round of 2 to 5 calls."""
    base, head = of_tests["base"], of_tests["head"]

    assert [(sample.benchmark, sample.metric) for sample in base] == [
        (sample.benchmark, sample.metric) for sample in head
    ]
    for sample in (*base, *head):
        calls = [len(values) for values in sample.rounds]
        if sample.state is not SampleState.MEASURED:
            assert [] == calls
        elif sample.metric.name == "peak_memory":
            assert [1] == calls
        else:
            assert calls in ([2], [3], [4], [5])


def test_the_same_work_takes_the_same_memory(of_tests: Measured) -> None:
    """The traced peak of the same work is the same on both sides, even if it is small."""
    values = {by_name(of_tests[role], "traced_peak")["test_work[10]"].value for role in ("base", "head")}

    assert len(values) == 1


def test_the_peak_of_a_process_is_its_own(of_tests: Measured) -> None:
    """A process started by one of 300 MB reports its own size; 64 MB held during the call show within 5 %."""
    peaks = by_name(of_tests["base"], "peak_memory")
    small, large = peaks["test_work[10]"].value, peaks["test_hold"].value
    assert small is not None
    assert large is not None

    assert small < 150_000_000
    assert 64_000_000 == pytest.approx(large - small, rel=0.05)


def test_a_broken_test_fails_alone_and_says_where(of_tests: Measured) -> None:
    """A test that raises, ends its process or skips has its reason on both sides; the others are measured."""
    samples = by_name(of_tests["head"], "traced_peak")

    assert SampleState.FAILED is samples["test_exits"].state
    assert "base: failed: its process ended with status 3" in samples["test_exits"].reason
    assert "head: failed: ZeroDivisionError: division by zero" in samples["test_raises"].reason
    assert SampleState.SKIPPED is samples["test_skipped"].state
    assert "not today" in samples["test_skipped"].reason
    assert {SampleState.MEASURED} == {samples[name].state for name in ("test_keep", "test_prepared", "test_hold")}


def test_asv_benchmarks_are_measured(tmp_path: Path) -> None:
    """Parameters and setup_cache are used; a benchmark that skips, hangs or runs elsewhere has that reason."""
    project = probed.make(tmp_path / "shop")
    wanted = [
        item("b.Keeps.time_keep-0"),
        item("b.Keeps.time_keep-1"),
        item("b.Cached.time_work", cache="b:20"),
        item("b.time_hangs", timeout_seconds=0.2),
        item("b.timeraw_import"),
    ]
    with probed.prepared(project, "asv") as ready:
        found = memory.measure(ready.sides, ready.suite, wanted, ready.folder, timeout_seconds=20)

    base, head = (by_name(found[role], "traced_peak") for role in ("base", "head"))
    for name in ("b.Keeps.time_keep-0", "b.Cached.time_work"):
        before, after = base[name].value, head[name].value
        assert before is not None
        assert after is not None
        assert 1.005 < after / before < 1.02
    reasons = {name: sample.reason for name, sample in head.items() if sample.state is not SampleState.MEASURED}
    assert "setup raised NotImplementedError" in reasons["b.Keeps.time_keep-1"]
    assert "runs in a process of its own" in reasons["b.timeraw_import"]
    assert "no answer within 2 s" in reasons["b.time_hangs"]
