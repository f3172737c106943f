"""A measured process: start it, send it requests, wait for its answers, end it with everything that it started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.channel import VARIABLE
from perfgate.measure.deadline import refuse_if_over, seconds_left
from perfgate.measure.live.failures import AgentFailed, BenchmarkEndedEarly
from perfgate.measure.processes import end_group, has_ended, tail, wait_for_end
from perfgate.measure.sides.side import Side

START_SECONDS = 300.0
"""How long importing or collecting a suite may take."""

GRACE_SECONDS = 10.0
"""How long a process may take to tear down after its last benchmark."""

_POLL_SECONDS = 0.25
"""How often a silent process is checked: a forked child may hold its end of the channel open after its death."""


class AgentProcess:
    """A process of one side that answers requests over a private channel; leaving its ``with`` block ends it.

    The process ends, too, when this object's process ends, however that happens: the kernel closes the channel.

    Args:
        side: Whose interpreter and variables it gets.
        arguments: The command line after the interpreter.
        cwd: Its working folder.
        hash_seed: PYTHONHASHSEED; both sides of a pair have the same.
        output: File for what it prints.
        variables: More environment variables.

    Raises:
        MeasurementFailed: The interpreter cannot be started.
    """

    def __init__(
        self,
        side: Side,
        arguments: Sequence[str],
        *,
        cwd: Path,
        hash_seed: int,
        output: Path,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.side = side
        self._output = output
        self._buffer = b""
        its_requests, self._requests = os.pipe()
        self._answers, its_answers = os.pipe()
        its_lifeline, self._lifeline = os.pipe()
        theirs = (its_requests, its_answers, its_lifeline)
        channel = {
            "PYTHONHASHSEED": f"{hash_seed:010d}",
            VARIABLE: ",".join(f"{descriptor:06d}" for descriptor in theirs),
        }
        environment = {**side.variables, **(variables or {}), **channel}
        try:
            self._process = self._popen([str(side.python), *arguments], cwd, environment, theirs)
        except OSError as error:
            self._close()
            raise MeasurementFailed(f"cannot start {side.python}: {error}") from error
        except BaseException:  # KeyboardInterrupt, too, must close our ends: a process that has started ends with them
            self._close()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def _popen(
        self, command: Sequence[str], cwd: Path, environment: Mapping[str, str], inherited: Sequence[int]
    ) -> subprocess.Popen[bytes]:
        with self._output.open("wb") as file:
            return subprocess.Popen(  # noqa: S603 - the side's own interpreter with our module
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                pass_fds=inherited,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        """Return this object."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: with time to tear down after success, at once after an exception."""
        self.stop(GRACE_SECONDS if kind is None else 0.0)

    def pin(self, cpu: int | None) -> None:
        """Bind all threads of the process to one CPU from now on; None does nothing.

        A process is not pinned at its start, because importing and collecting may use all CPUs.
        """
        if cpu is None:
            return
        with contextlib.suppress(OSError):  # a thread, or the process, may just have ended; the next answer shows it
            for thread in self._threads():
                os.sched_setaffinity(thread, {cpu})

    def has_left(self, cpu: int) -> bool:
        """Tell whether a thread of the process may run on another CPU than the one that it was pinned to."""
        with contextlib.suppress(OSError):
            return any(os.sched_getaffinity(thread) != {cpu} for thread in self._threads())
        return False

    def _threads(self) -> list[int]:
        tasks = Path(f"/proc/{self._process.pid}/task")
        return [int(path.name) for path in tasks.iterdir()] if tasks.is_dir() else [self._process.pid]

    def send(self, **message: object) -> None:
        """Send one request; that the process is gone is noticed when its answer is awaited."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._requests, json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return the next message.

        Raises:
            AgentFailed: No message came within *seconds*, or the process ended; the reason has its last line.
            OutOfTime: The time limit of the command is over.
        """
        deadline = time.monotonic() + min(seconds, seconds_left())
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                refuse_if_over("while it ran")
                raise self._failure(f"no answer within {seconds:g} s, the time-out of one call or its set-up")
            is_gone = has_ended(self._process)
            ready, _, _ = select.select([self._answers], [], [], 0 if is_gone else min(left, _POLL_SECONDS))
            piece = os.read(self._answers, 65536) if ready else b""
            self._buffer += piece
            if (ready or is_gone) and not piece:
                raise self._failure(self._reason_of_end())
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def expect(self, kind: str, seconds: float) -> dict[str, Any]:
        """Return the next message, which must be of *kind*.

        Raises:
            AgentFailed: As in `receive`.
            BenchmarkEndedEarly: The benchmark ended instead.
        """
        message = self.receive(seconds)
        if message["is"] == "finished":
            raise BenchmarkEndedEarly(self.side.role, message)
        if message["is"] != kind:
            raise self._failure(f"answered {message['is']!r} instead of {kind!r}")
        return message

    def stop(self, grace_seconds: float) -> None:
        """Close the requests, wait up to *grace_seconds* for the process to end, then kill its group."""
        if self._requests < 0:
            return
        os.close(self._requests)
        self._requests = -1
        try:
            if grace_seconds:
                wait_for_end(self._process, grace_seconds)
        finally:
            end_group(self._process)
            self._close()

    def _failure(self, reason: str) -> AgentFailed:
        return AgentFailed(f"{self.side.role}: {reason}")

    def _reason_of_end(self) -> str:
        wait_for_end(self._process, 1.0)
        status = end_group(self._process)
        last = tail(self._output, lines=1)[:500]
        if status < 0:
            return f"its process was ended by signal {signal.Signals(-status).name}"
        if status == 1 and last:
            return last
        return f"its process ended with status {status}"

    def _close(self) -> None:
        for descriptor in (self._requests, self._answers, self._lifeline):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._answers = self._lifeline = -1


def stop_all(agents: Iterable[AgentProcess], grace_seconds: float) -> None:
    """End several processes, which share the grace period; each is ended even if ending another one raises."""
    deadline = time.monotonic() + grace_seconds

    def stop(agent: AgentProcess) -> None:
        agent.stop(max(0.0, deadline - time.monotonic()))

    with contextlib.ExitStack() as stack:
        for agent in agents:
            stack.callback(stop, agent)
