"""A measured process ends when its channel does, and only it answers.

forks.py lets a process that was forked on purpose answer.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SCRIPT = """
import os, sys, time
sys.path.insert(0, {folder!r})
from agent.channel import RequestChannel
from agent.forks import end_together, is_forked_child
ADDRESS = {address!r}
channel = RequestChannel(ADDRESS)
{body}
"""


class Agent:
    """A process with a channel, and our ends of it."""

    def __init__(self, body: str) -> None:
        its_requests, self.requests = os.pipe()
        self.answers, its_answers = os.pipe()
        its_lifeline, self.lifeline = os.pipe()
        theirs = (its_requests, its_answers, its_lifeline)
        folder = str(Path(__file__).parents[4] / "perfgate/measure")
        script = SCRIPT.format(folder=folder, address=",".join(map(str, theirs)), body=body)
        self.process = subprocess.Popen([sys.executable, "-c", script], pass_fds=theirs, start_new_session=True)
        for descriptor in theirs:
            os.close(descriptor)

    def answer(self) -> bytes:
        return os.read(self.answers, 1000)

    def close(self, name: str) -> None:
        os.close(getattr(self, name))
        setattr(self, name, -1)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for name in ("requests", "answers", "lifeline"):
            if getattr(self, name) >= 0:
                self.close(name)


@pytest.fixture
def start() -> Iterator[Callable[[str], Agent]]:
    """Start agents that are ended after the test."""
    agents = []

    def start(body: str) -> Agent:
        agents.append(Agent(body))
        return agents[-1]

    yield start
    for agent in agents:
        agent.end()


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_busy_process_ends_with_its_lifeline(start: Callable[[str], Agent]) -> None:
    """It never reads from the channel again, and the kernel's signal ends it all the same."""
    agent = start("channel.send(ready=True)\nwhile True: pass")
    assert b'{"ready": true}\n' == agent.answer()
    agent.close("lifeline")

    assert -signal.SIGIO == agent.process.wait(20)


def test_a_group_ends_with_its_lifeline(start: Callable[[str], Agent]) -> None:
    """After `end_together`, the signal reaches forked processes, too."""
    agent = start(
        "end_together(ADDRESS)\nchild = os.fork()\nif child == 0: time.sleep(600)\nchannel.send(child=child)\ntime.sleep(600)"
    )
    child = int(agent.answer().split()[1].rstrip(b"}"))
    assert is_running(child)
    agent.close("lifeline")

    assert -signal.SIGIO == agent.process.wait(20)
    deadline = time.monotonic() + 20
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child)


def test_the_process_ends_when_no_request_can_come(start: Callable[[str], Agent]) -> None:
    """Closing the requests is no failure: the process ends with status 0."""
    agent = start("channel.send(**channel.receive())\nchannel.receive()\nos._exit(1)")
    os.write(agent.requests, b'{"text": "hello"}\n')
    assert b'{"text": "hello"}\n' == agent.answer()
    agent.close("requests")

    assert 0 == agent.process.wait(20)


def test_a_forked_process_cannot_answer(start: Callable[[str], Agent]) -> None:
    """A benchmark's own child process that comes back ends with status 70 instead of answering."""
    agent = start(
        "child = os.fork()\nif child == 0: channel.send(child=True)\nchannel.send(status=os.waitpid(child, 0)[1] >> 8)"
    )

    assert b'{"status": 70}\n' == agent.answer()


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("channel.send(child=True); os._exit(0)", b'{"child": true}\n'),
        ("os._exit(3)", b"its process ended with status 3"),
        ("os.kill(os.getpid(), 9)", b"its process was ended by signal SIGKILL"),
    ],
)
def test_a_process_forked_on_purpose_answers(start: Callable[[str], Agent], body: str, answer: bytes) -> None:
    """If it ends without an answer, its parent answers with the reason."""
    agent = start(f"if is_forked_child(channel):\n    {body}\nchannel.receive()")

    assert answer in agent.answer()
