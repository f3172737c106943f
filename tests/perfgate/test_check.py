"""The use case `check`: callable from any program, which it leaves as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from perfgate.check import Checked, CheckOptions, CheckScope, Cost, check
from perfgate.gate import Outcome
from perfgate.measure.progress import MeasurementProgress
from tests.perfgate.repositories import CODE, SLOWER, TOTAL_TEST, WORDS_TEST, git, make_repository, write
from tests.processes import PATIENCE_SECONDS, commands_using, wait_for_command

pytestmark = pytest.mark.usefixtures("without_own_settings")

NOTEBOOK = """
import json, os, signal, sys, threading
from pathlib import Path
from perfgate.check import CheckOptions, CheckScope, check

def child_processes():
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return "none, and none to wait for"

def state():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    return handlers, threading.enumerate(), child_processes(), os.environ.copy(), os.getcwd()

def measure():
    options = CheckOptions(scope=CheckScope.GATE_ALL, select="*total*")
    outcomes.append(check(Path(sys.argv[1]), "base", "head", options=options).verdict.outcome)

outcomes = []
before = state()
if sys.argv[2] == "thread":
    thread = threading.Thread(target=measure)
    thread.start()
    thread.join()
else:
    measure()
print(json.dumps([outcomes, before == state(), [thread.name for thread in threading.enumerate()]]))
"""

HANGS = """
import subprocess, sys

def test_hangs(benchmark):
    benchmark(subprocess.run, [sys.executable, "-c", "import time; time.sleep(600)", "hanging-benchmark"])
"""
MEASURING_TEST = """
from pathlib import Path
from perfgate.check import CheckOptions, CheckScope, check

def test_measuring():
    check(Path({path!r}), "base", "base", options=CheckOptions(scope=CheckScope.GATE_ALL))

def test_next():
    Path({path!r}, "next").touch()
"""


@pytest.fixture(scope="module")
def hanging(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with one benchmark, which never ends."""
    folder = tmp_path_factory.mktemp("hanging")
    return make_repository(folder, {"benchmarks/test_hangs.py": HANGS}, {"base": {"shop.py": ""}})


@pytest.mark.parametrize("caller", ["main", "thread"])
def test_a_notebook_stays_as_it_was(repository: Path, tmp_path: Path, caller: str) -> None:
    """From any thread: no signal handler, thread, process or temporary folder is left behind."""
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", NOTEBOOK, str(repository), caller]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)

    assert [["fail"], True, ["MainThread"]] == json.loads(done.stdout)
    assert [] == list(tmp_path.iterdir())
    assert [] == commands_using(tmp_path)


def test_ctrl_c_ends_a_check_in_the_middle_of_a_benchmark(hanging: Path, tmp_path: Path) -> None:
    """SIGINT to the process group: exit code 130 at once, no process and no folder is left."""
    command = [sys.executable, "-m", "perfgate", "check", "base", "base", "--gate-all", "--repository", str(hanging)]

    assert 130 == interrupted(command, tmp_path, "hanging-benchmark")


def test_ctrl_c_ends_both_installations(tmp_path: Path) -> None:
    """While the two sides are built at the same time, in threads: exit code 130, no process and no folder is left."""
    repository = make_repository(tmp_path / "slow", {"benchmarks/test_hangs.py": HANGS}, {"base": {"shop.py": ""}})
    command = [sys.executable, "-m", "perfgate", "check", "base", "base", "--gate-all", "--repository", str(repository)]
    command += ["--install", f"{sys.executable} -c 'import time; time.sleep(600)' slow-build {{python}} {{checkout}}"]

    assert 130 == interrupted(command, tmp_path / "temporary", "time.sleep(600) slow-build")


def test_ctrl_c_ends_a_test_run_in_the_middle_of_a_check(hanging: Path, tmp_path: Path) -> None:
    """Pytest is interrupted, does not go on with the next test, and leaves no process and no folder."""
    (tmp_path / "test_measuring.py").write_text(MEASURING_TEST.format(path=str(hanging)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path / "test_measuring.py")]

    assert pytest.ExitCode.INTERRUPTED == interrupted(command, tmp_path / "temporary", "hanging-benchmark")
    assert not (hanging / "next").exists()


def interrupted(command: list[str], temporary: Path, part: str) -> int:
    """Run a program, press Ctrl-C once a process with *part* in its command line runs, and return the exit code."""
    temporary.mkdir(exist_ok=True)
    variables = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(command, env=variables, start_new_session=True, stdout=subprocess.DEVNULL)
    wait_for_command(temporary, part, lambda: process.poll() is None)
    os.killpg(process.pid, signal.SIGINT)
    code = process.wait(PATIENCE_SECONDS)
    assert [] == commands_using(temporary)
    assert [] == list(temporary.iterdir())
    return code


def test_the_result_holds_run_verdict_and_cost(repository: Path) -> None:
    """One call gives the measurements of both sides, the verdict under the budget of the base, and what it took."""
    reported: list[MeasurementProgress] = []
    checked = check(repository, "base", "head", options=CheckOptions(select="*total*"), progress=reported.append)

    assert Outcome.FAIL is checked.verdict.outcome
    assert checked.run.baseline is not None
    assert 1 == checked.cost.benchmarks
    assert checked.cost.pairs >= 2
    assert 0 < checked.cost.pair_seconds < checked.cost.seconds
    assert "confirming" in {progress.stage for progress in reported}
    assert {None, 1} == {progress.benchmarks for progress in reported}
    assert any(progress.seconds_left is not None for progress in reported)


@pytest.mark.parametrize(
    ("scope", "exempt", "measured"),
    [
        (CheckScope.GATE_AFFECTED, {WORDS_TEST}, {TOTAL_TEST, WORDS_TEST}),
        (CheckScope.MEASURE_AFFECTED, {WORDS_TEST}, {TOTAL_TEST}),
        (CheckScope.GATE_ALL, set(), {TOTAL_TEST, WORDS_TEST}),
    ],
)
def test_the_scope_says_what_is_measured_and_what_is_gated(
    repository: Path, scope: CheckScope, exempt: set[str], measured: set[str]
) -> None:
    """A benchmark that the change cannot reach is measured and not gated, or neither, or both."""
    checked: Checked = check(repository, "base", "head", options=CheckOptions(scope=scope, memory=False))

    assert exempt == set(checked.run.exempt)
    assert measured == {sample.benchmark.label for sample in checked.run.samples}
    assert measured - exempt == {row.label for row in checked.verdict.gated}


def test_a_caller_may_bring_its_own_rules(repository: Path) -> None:
    """None means perfgate's defaults, whatever stands at the base."""
    options = CheckOptions(scope=CheckScope.GATE_ALL, select="*total*", memory=False, rules=None)
    checked = check(repository, "base", "head", options=options)

    assert None is checked.run.policy
    assert [0.03] == [row.max_regression for row in checked.verdict.rows]


def test_the_cost_of_a_fixed_design_is_known_once_a_pair_was_taken() -> None:
    """16 pairs of each benchmark cost as much per pair as the pairs that were taken."""
    taken = Cost(benchmarks=2, pairs=10, seconds=48.0, pair_seconds=20.0, count_seconds=3.0)
    none = Cost(benchmarks=0, pairs=0, seconds=1.0, pair_seconds=0.0, count_seconds=0.5)

    assert (25.0, 64.0) == (taken.other_seconds, taken.fixed_seconds)
    assert (0.5, None) == (none.other_seconds, none.fixed_seconds)


SLOW_BUILD = """
import time
from setuptools import setup

time.sleep(600)
setup(name="shop", version="1", py_modules=["shop", "words"])
"""


def test_the_time_budget_bounds_the_builds(repository: Path, tmp_path: Path) -> None:
    """Where building took all the time, the verdict says so, for the suite and both commits that were asked for."""
    copy = tmp_path / "slow"
    git(tmp_path, "clone", "-q", str(repository), str(copy))
    write(copy, "setup.py", SLOW_BUILD)
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "Build slowly")
    checked = check(copy, "HEAD", "HEAD", options=CheckOptions(time_budget_seconds=4.0))

    assert Outcome.INCONCLUSIVE is checked.verdict.outcome
    assert ("pytest-benchmark", ()) == (checked.run.suite, checked.run.samples)
    assert "building and collecting took all of the time budget of 4 s, which ended while" in checked.verdict.notes[0]
    assert checked.cost.seconds < 60


def test_marked_tests_are_judged(tmp_path: Path) -> None:
    """A suite for pytest-codspeed that uses no fixture: the slower code fails, on the benchmark that calls it."""
    suite = """
import pytest
import shop

class TestShop:
    pytestmark = pytest.mark.benchmark

    def test_total(self):
        shop.total(20_000)

    def test_words(self):
        "a b ".split()
"""
    repository = make_repository(
        tmp_path, {"benchmarks/test_marked.py": suite}, {"base": {"shop.py": CODE}, "head": {"shop.py": SLOWER}}
    )
    checked = check(repository, "base", "head", options=CheckOptions(scope=CheckScope.GATE_ALL, memory=False))

    assert Outcome.FAIL is checked.verdict.outcome
    labels = {row.label: row.outcome for row in checked.verdict.rows}
    assert 2 == len(labels)
    assert Outcome.FAIL is labels["benchmarks/test_marked.py::TestShop::test_total"]
    assert Outcome.FAIL is not labels["benchmarks/test_marked.py::TestShop::test_words"]
