"""`open_pairs` and pairs.py measure a real project: right labels, aligned rounds, failures contained, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure import PairFailed, open_pairs
from perfgate.measure.workspaces import PREFIX
from perfgate.results.records import Run, Sample, SampleState
from perfgate.stats.judgments import Judgment
from perfgate.stats.sequential import judge_suite
from tests.perfgate.measure.conftest import Project

TEST = "benchmarks/test_shop.py::"


def sample(run: Run, label: str, metric: str) -> Sample:
    return next(sample for sample in run.samples if sample.benchmark.label == label and sample.metric.name == metric)


def test_a_slower_head_of_a_pytest_suite_is_found(project: Project, temporary: Path) -> None:
    """A loop half as long again is a regression; every round of both sides is kept, aligned."""
    label = f"{TEST}test_total[count=3000]"
    with open_pairs(project.path, "base", "head", suite="pytest-benchmark", select="*test_total*") as pairs:
        decisions = judge_suite(pairs.benchmarks, pairs.take_pair, budget=0.03)
        run = pairs.run()

    assert pairs.benchmarks == (f"{TEST}test_total[count=300]", label)
    assert decisions[label].outcome is Judgment.REGRESSED
    assert 0.1 < decisions[label].effect < 1.5
    assert run.baseline is not None
    assert run.commit.sha == project.git("rev-parse", "head")
    assert run.baseline.commit.sha == project.git("rev-parse", "base")
    assert (run.commit.generation, run.baseline.commit.generation) == (2, 1)
    assert run.environment == run.baseline.environment
    for metric in ("cpu_time", "wall_time", "voluntary_switches"):
        head, base = sample(run, label, metric), sample(run.baseline, label, metric)
        assert [len(measured) for measured in head.rounds] == [len(measured) for measured in base.rounds]
        assert len(head.rounds) == decisions[label].pairs
        assert head.calls == base.calls
    assert not list(temporary.iterdir())


def test_the_same_code_is_no_regression(project: Project) -> None:
    """Two checkouts of one commit give no regression."""
    with open_pairs(project.path, "head", "head", suite="pytest-benchmark", select="*test_total*") as pairs:
        decisions = judge_suite(pairs.benchmarks, pairs.take_pair, budget=0.03)

    assert Judgment.REGRESSED not in {decision.outcome for decision in decisions.values()}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("test_raises", "ZeroDivisionError: division by zero"),
        ("test_wrong_after", "ValueError: wrong result"),
        ("test_exits", "ended with status 3"),
        ("test_hangs", "no answer within 1.5 s"),
        ("test_hangs_before", "no answer within 1.5 s, the time-out of one call or its set-up"),
        ("test_skipped", "not today"),
    ],
)
def test_a_broken_test_fails_alone(broken: Callable[[str], tuple[str, Run]], name: str, reason: str) -> None:
    """A test that raises, ends the process, hangs or skips gives its reason; the next one is measured."""
    said, run = broken(name)

    assert reason in said
    assert {sample.state for sample in run.samples if sample.benchmark.name == TEST + name} == {
        SampleState.SKIPPED if name == "test_skipped" else SampleState.FAILED
    }
    assert sample(run, f"{TEST}test_prepared", "cpu_time").state is SampleState.MEASURED


@pytest.fixture(scope="module")
def broken(project: Project) -> Callable[[str], tuple[str, Run]]:
    """Try every benchmark of the pytest suite once, then one again."""
    said: dict[str, str] = {}
    with open_pairs(project.path, "base", "head", suite="pytest-benchmark", timeout_seconds=1.5) as pairs:
        for label in (*pairs.benchmarks, f"{TEST}test_prepared"):
            try:
                pairs.take_pair(label)
            except PairFailed as failure:
                said[label.removeprefix(TEST)] = failure.reason
        run = pairs.run()
    assert not said.keys() & {"test_prepared", "test_prints", "test_forks"}
    return lambda name: (said[name], run)


def test_asv_benchmarks_of_every_kind_are_served(project: Project, temporary: Path) -> None:
    """Parameters, setup, setup_cache, timeraw, memory and tracked values are served; broken ones give their reason."""
    said = {}
    with open_pairs(project.path, "base", "head", suite="asv") as pairs:
        for label in pairs.benchmarks:
            try:
                pairs.take_pair(label)
            except PairFailed as failure:
                said[label] = failure.reason
        assert {"totals.Cached.track_length", *pairs.benchmarks} == pairs.noisy.keys()
        values = {label: pairs.take_values(label) for label in pairs.others}
        run = pairs.run()

    slow = "totals.Totals.time_total[count=300, kind='one']"
    assert {label: reason.partition(";")[0].partition(": ")[2] for label, reason in said.items()} == {
        "totals.Totals.time_total[count=3000, kind='two']": "skipped: setup raised NotImplementedError or skips it",
        "totals.time_raises": "failed: ZeroDivisionError: division by zero",
        "totals.time_exits": "its process ended with status 3",
        "totals.time_hangs": "no answer within 0.5 s, the time-out of one call or its set-up",
        "totals.Hanging.time_never": "no answer within 0.5 s, the time-out of one call or its set-up",
    }
    assert values["totals.Cached.track_length"] == (100.0, 100.0)
    assert values["totals.peakmem_list"][0] > 8_000_000
    assert sample(run, "totals.Cached.time_sum", "cpu_time").value
    assert sample(run, "totals.timeraw_import", "voluntary_switches").value == 1
    assert sample(run, "totals.Cached.track_length", "track").metric.unit == "items"
    assert len(sample(run, slow, "cpu_time").rounds) == 1
    assert sample(run, slow, "cpu_time").benchmark.version
    assert not list(temporary.iterdir())


WORK = """
import time

def burn():
    began = time.thread_time()
    while time.thread_time() - began < 0.004:
        pass
"""

WAITING = """
import os, subprocess, sys, threading, time
import shop

def test_pure(benchmark):
    benchmark(shop.burn)

def test_thread(benchmark):
    def run():
        threads = [threading.Thread(target=shop.burn) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    benchmark(run)

def test_child(benchmark):
    def run():
        child = os.fork()
        if child == 0:
            for _ in range(3):
                shop.burn()
            os._exit(0)
        os.waitpid(child, 0)
    benchmark(run)

def test_stray(benchmark):
    benchmark(os.sched_setaffinity, 0, range(os.cpu_count()))
"""

WAITING_ASV = """
import shop

def time_pure():
    shop.burn()

def time_counted():
    pass

time_counted.timer = iter(range(10**9)).__next__
"""


@pytest.fixture
def waiting(new_project: Callable[[], Project]) -> Project:
    """A project of about 4 ms of work whose head, tagged ``sleepy``, also sleeps 0.3 ms."""
    project = new_project()
    files = {"benchmarks/test_shop.py": WAITING, "asv_bench/totals.py": WAITING_ASV}
    project.commit("Work", {"shop/__init__.py": WORK, **files})
    project.git("tag", "working")
    project.commit("Sleep", {"shop/__init__.py": WORK + "    time.sleep(0.0003)\n"})
    project.git("tag", "sleepy")
    return project


@pytest.mark.parametrize(("suite", "label"), [("pytest-benchmark", f"{TEST}test_pure"), ("asv", "totals.time_pure")])
def test_a_planted_sleep_is_seen_in_the_switches(waiting: Project, suite: str, label: str) -> None:
    """A head that sleeps where the base computes shows it, although CPU time is the same."""
    with open_pairs(waiting.path, "working", "sleepy", suite=suite, select=label) as pairs:
        pair = pairs.take_pair(label)

    assert pair.base_switches < 0.5 <= pair.candidate_switches


def test_threads_and_children_count(waiting: Project) -> None:
    """CPU time is that of the whole process and of the child processes that it waited for, not of the calling thread."""
    with open_pairs(waiting.path, "working", "working", suite="pytest-benchmark") as pairs:
        cpu = {label.partition("::")[2]: pairs.take_pair(label).base_cpu.min() for label in pairs.benchmarks}
        warnings = pairs.warnings

    assert cpu["test_thread"] > 0.0115
    assert cpu["test_child"] > 0.0115
    assert [warning.partition(",")[0] for warning in warnings] == ["1 benchmark(s) left the CPU that a pair runs on"]


def test_a_timer_of_its_own_is_believed(waiting: Project) -> None:
    """The ``timer`` attribute of asv: what it counts stands for every clock, here one tick a sample."""
    with open_pairs(waiting.path, "working", "working", suite="asv", select="*counted") as pairs:
        pair = pairs.take_pair("totals.time_counted")

    assert pair.base_cpu.tolist() == pair.base_wall.tolist()
    assert np.unique(pair.base_cpu).size == 1
    assert pair.base_switches == 0


ALONE = """
import os

STATE = []

def time_first():
    STATE.append(1)

def time_needs_its_own_process():
    if STATE:
        raise RuntimeError("not first")

def setup():
    assert "PERFGATE_CHANNEL" not in os.environ
"""


@pytest.mark.parametrize("suite", ["asv", "pytest-benchmark"])
def test_what_compares_nothing_is_said(new_project: Callable[[], Project], suite: str) -> None:
    """Benchmarks that never import the project, and those that only the base had; none is made to share a process."""
    project = new_project()
    tests = "def test_only(benchmark):\n    benchmark(sum, [1, 2])\n"
    project.commit("Measure nothing", {"asv_bench/totals.py": ALONE, "benchmarks/test_shop.py": tests})

    with open_pairs(project.path, "head", "HEAD", suite=suite) as pairs:
        taken = [pairs.take_pair(label) for _ in range(2) for label in pairs.benchmarks]

    assert len(taken) == (4 if suite == "asv" else 2)
    assert f"{TEST}test_raises" in pairs.removed or "totals.Cached.track_length" in pairs.removed
    assert [warning.partition(" side:")[0] for warning in pairs.warnings] == [
        f"no benchmark imported the project's own code on the {role}" for role in ("base", "head")
    ]
    assert 0 < pairs.overhead < 1


def test_an_editable_install_cannot_shadow_a_side(project: Project) -> None:
    """A side that imports the developer's copy of the project is an error that names the file, not a green gate."""
    cheat = f"import sys\nsys.path.insert(0, {str(project.path)!r})\nimport shop\n"
    project.git("checkout", "--quiet", "-b", "cheat", "head")
    project.commit("Cheat", {"benchmarks/conftest.py": cheat})
    project.git("checkout", "--quiet", "main")

    with (
        open_pairs(project.path, "base", "cheat", suite="pytest-benchmark", select="*test_prepared") as pairs,
        pytest.raises(
            MeasurementFailed, match=r"side imported 'shop' from .*shop/__init__.py, not from where its commit"
        ),
    ):
        pairs.take_pair(*pairs.benchmarks)


def test_a_killed_command_leaves_nothing(project: Project, temporary: Path) -> None:
    """SIGTERM in the middle of a benchmark ends every process and removes every folder."""
    with hanging_command(project, temporary) as process:
        processes = measured_processes(temporary)
        process.send_signal(signal.SIGTERM)
        status = process.wait(30)

    assert status == 128 + signal.SIGTERM
    assert len(processes) == 2
    assert not measured_processes(temporary)
    assert not list(temporary.iterdir())


def test_even_sigkill_leaves_no_process(project: Project, temporary: Path) -> None:
    """When the command dies without a chance to clean up, the kernel ends what it measured."""
    with hanging_command(project, temporary) as process:
        process.kill()

    wait_until(lambda: not measured_processes(temporary))
    assert [path.name.startswith(PREFIX) for path in temporary.iterdir()] == [True]


@contextlib.contextmanager
def hanging_command(project: Project, temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of our own that waits for a benchmark which never ends."""
    script = (
        "from pathlib import Path; from perfgate.cli import raise_on_termination\n"
        "from perfgate.measure import open_pairs\n"
        f"with raise_on_termination(), open_pairs(Path({str(project.path)!r}), 'base', 'head', suite='pytest-benchmark') as pairs:\n"
        f"    print('open', flush=True); pairs.take_pair('{TEST}test_hangs')\n"
    )
    variables = {**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=variables) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            yield process
        finally:
            process.kill()


def measured_processes(temporary: Path) -> list[int]:
    """Return the processes whose program or arguments lie in the folder of workspaces."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if os.fsencode(temporary) in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def wait_until(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_done() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert is_done()
