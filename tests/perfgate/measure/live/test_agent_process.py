"""An agent answers requests in time or is reported, and it ends with the process that started it.

live_suite.py drives two agents: test_live_suite.py and test_comparison.py test it.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.agent_process import AgentProcess, stop_all
from perfgate.measure.live.failures import AgentFailed, BenchmarkEndedEarly
from perfgate.measure.sides.side import Side

AGENT = """
import os, sys
sys.path.insert(0, {agent!r})
from channel import VARIABLE, RequestChannel
channel = RequestChannel(os.environ.pop(VARIABLE))
while True:
    request = channel.receive()
    {answer}
"""

Start = Callable[[str], AgentProcess]


@pytest.fixture
def side(tmp_path: Path) -> Side:
    """A side whose interpreter is the running one."""
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/bin/python").symlink_to(sys.executable)
    return Side(
        role="base",
        sha="0" * 40,
        checkout=tmp_path,
        environment=tmp_path / "env",
        site_packages=tmp_path,
        project_folder=tmp_path,
        prefixes=(),
        is_installed=True,
        repository=tmp_path,
        tool_python=Path(sys.executable),
    )


@pytest.fixture
def start(side: Side, tmp_path: Path) -> Start:
    """Start an agent that answers every request by a statement."""
    folder = Path(__file__).parents[4] / "perfgate/measure/agent"

    def start(answer: str) -> AgentProcess:
        script = AGENT.format(agent=str(folder), answer=answer)
        return AgentProcess(side, ["-c", script], cwd=tmp_path, hash_seed=7, output=tmp_path / "output")

    return start


def is_alive(agent: AgentProcess) -> bool:
    try:
        state = Path(f"/proc/{agent._process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def open_descriptors() -> list[int]:
    return [number for number in range(1000) if Path(f"/proc/self/fd/{number}").is_symlink()]


def test_requests_are_answered(start: Start) -> None:
    """The agent gets what was sent, with the hash seed, whatever it prints; at the end it has ended."""
    answer = (
        "print('noise', flush=True); channel.send(**{'is': 'echo', 'seed': os.environ['PYTHONHASHSEED'], **request})"
    )
    with start(answer) as agent:
        agent.send(text="é\n")

        assert {"is": "echo", "seed": "0000000007", "text": "é\n"} == agent.expect("echo", 20)
    assert not is_alive(agent)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("import time; time.sleep(60)", "base: no answer within 0.5 s, the time-out of one call or its set-up"),
        ("os._exit(3)", "base: its process ended with status 3"),
        ("raise ValueError('no')", "base: ValueError: no"),
        ("os.kill(os.getpid(), 9)", "base: its process was ended by signal SIGKILL"),
        ("channel.send(**{'is': 'other'})", "base: answered 'other' instead of 'sample'"),
        ("if os.fork() == 0: import time; time.sleep(60)\n    os._exit(4)", "base: its process ended with status 4"),
    ],
)
def test_what_is_no_answer_is_reported(start: Start, answer: str, reason: str) -> None:
    """A silent or dead process, and a wrong answer, are reported with the side."""
    with start(f"if request['do'] == 'start': channel.send(**{{'is': 'ready'}}); continue\n    {answer}") as agent:
        agent.send(do="start")  # so that the interpreter's start does not count
        agent.expect("ready", 20)
        agent.send(do="sample")
        with pytest.raises(AgentFailed) as failure:
            agent.expect("sample", 0.5 if "no answer" in reason else 20)
        agent.stop(0)

    assert reason == failure.value.reason


def test_a_benchmark_that_ended_is_no_answer_either(start: Start) -> None:
    """Its outcome and reason are kept."""
    message = "{'is': 'finished', 'outcome': 'skipped', 'reason': 'not today'}"
    with start(f"channel.send(**{message})") as agent:
        agent.send(do="sample")
        with pytest.raises(BenchmarkEndedEarly, match="base: skipped: not today") as failure:
            agent.expect("sample", 20)

    assert failure.value.is_skip


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_ends_the_process_at_once(start: Start, exception: type[BaseException]) -> None:
    """Also Ctrl-C: a process that does not end by itself is killed."""
    agent = start("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); import time; time.sleep(600)")

    def fail() -> None:
        with agent:
            agent.send(do="sleep")
            raise exception

    began = time.monotonic()
    with pytest.raises(exception):
        fail()
    assert not is_alive(agent)
    assert time.monotonic() - began < 9  # less than the grace period: the process was not waited for


def test_all_agents_are_ended(start: Start) -> None:
    """They share the grace period; stopping twice is no error."""
    agents = [start("pass") for _ in range(2)]

    stop_all(agents, 10)
    stop_all(agents, 10)

    assert [False, False] == [is_alive(agent) for agent in agents]


def test_no_descriptor_is_left(start: Start, side: Side, tmp_path: Path) -> None:
    """Neither by an agent that was stopped nor by one that cannot be started."""
    before = open_descriptors()
    with start("pass"):
        pass
    (side.environment / "bin/python").unlink()
    with pytest.raises(MeasurementFailed, match=r"cannot start .*/env/bin/python"):
        AgentProcess(side, [], cwd=tmp_path, hash_seed=0, output=tmp_path / "output")

    assert before == open_descriptors()


def test_an_agent_is_pinned(start: Start) -> None:
    """All its threads run on the given CPU from then on; one that leaves it is noticed."""
    cpus = sorted(os.sched_getaffinity(0))
    everywhere = f"os.sched_setaffinity(0, {{*range({os.cpu_count()})}})"
    with start(f"{everywhere}; channel.send(**{{'is': 'free'}})") as agent:
        agent.pin(cpus[0])
        assert not agent.has_left(cpus[0])
        agent.send(do="free")
        agent.expect("free", 20)

        assert agent.has_left(cpus[0]) is (os.cpu_count() != 1)
