"""Our end of a measured process: start it, ask for samples with a deadline, end it with everything it started."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.channel import VARIABLE
from perfgate.measure.processes import end_group, has_ended, tail, wait_for_end
from perfgate.measure.sides.side import Side

START_SECONDS = 300.0
"""How long importing or collecting a suite may take."""

GRACE_SECONDS = 10.0
"""How long a process may take to tear down after its last benchmark."""

_LOOK_SECONDS = 0.25
"""How often a silent process is looked at: a forked child may hold its end of the channel open after its death."""


class Ended(MeasurementFailed):
    """A measured process ended or fell silent in the middle of a benchmark.

    Args:
        reason: On which side, and what is known about it, in one line.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Finished(Ended):
    """The benchmark ended before it was told to: it failed, was skipped, or never called the fixture.

    Args:
        role: Side on which it did.
        message: The process's own account of it.
    """

    def __init__(self, role: str, message: dict[str, Any]) -> None:
        outcome, reason = message["outcome"], message["reason"]
        super().__init__(f"{role}: {outcome}: {reason}" if reason else f"{role}: {outcome} without being measured")
        self.is_skip = outcome == "skipped"


class Server:
    """A live process of one side that answers requests over a private channel; leave its ``with`` block to end it.

    Args:
        side: Whose interpreter and variables it gets.
        arguments: What follows the interpreter on the command line.
        cwd: Where it runs.
        hash_seed: PYTHONHASHSEED, common to both sides of a pair.
        output: File for what it prints.
        variables: More environment variables.
    """

    def __init__(
        self,
        side: Side,
        arguments: Sequence[str],
        *,
        cwd: Path,
        hash_seed: int,
        output: Path,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.side = side
        self._output = output
        self._buffer = b""
        theirs_to_read, self._requests = os.pipe()
        self._answers, theirs_to_write = os.pipe()
        theirs_to_live, self._lifeline = os.pipe()
        theirs = (theirs_to_read, theirs_to_write, theirs_to_live)
        try:
            with output.open("wb") as file:
                self._process = subprocess.Popen(  # noqa: S603 - the side's own interpreter with our module
                    [str(side.python), *arguments],
                    cwd=cwd,
                    env={
                        **side.variables,
                        **(variables or {}),
                        "PYTHONHASHSEED": f"{hash_seed:010d}",
                        VARIABLE: ",".join(f"{number:06d}" for number in theirs),
                    },
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    pass_fds=theirs,
                    start_new_session=True,
                )
        except OSError as error:
            self._close()
            raise MeasurementFailed(f"cannot start {side.python}: {error}") from error
        finally:
            for number in theirs:
                os.close(number)

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process: patiently after success, at once otherwise."""
        self.stop(GRACE_SECONDS if kind is None else 0.0)

    def pin(self, cpu: int | None) -> None:
        """Bind all threads of the process to one CPU from now on; None: leave it wherever the system likes.

        Not done at the start: importing and collecting may well go on in parallel.
        """
        if cpu is None:
            return
        with contextlib.suppress(OSError):  # a thread may just have ended, or all; the next answer will tell
            for thread in self._threads():
                os.sched_setaffinity(thread, {cpu})

    def strays(self, cpu: int) -> bool:
        """Tell whether a thread of the process may run elsewhere than on *cpu*, to which it was bound."""
        with contextlib.suppress(OSError):
            return any(os.sched_getaffinity(thread) != {cpu} for thread in self._threads())
        return False

    def _threads(self) -> list[int]:
        tasks = Path(f"/proc/{self._process.pid}/task")
        return [int(path.name) for path in tasks.iterdir()] if tasks.is_dir() else [self._process.pid]

    def send(self, **message: object) -> None:
        """Send one request; a process that is gone is noticed when its answer is awaited."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._requests, json.dumps(message).encode() + b"\n")

    def receive(self, seconds: float) -> dict[str, Any]:
        """Return the next message.

        Raises:
            Ended: None came within *seconds*, or the process ended; the reason is its last line.
        """
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise self._ended(f"no answer within {seconds:g} s, the time-out of one call or its set-up")
            gone = has_ended(self._process)
            ready, _, _ = select.select([self._answers], [], [], 0 if gone else min(left, _LOOK_SECONDS))
            piece = os.read(self._answers, 65536) if ready else b""
            self._buffer += piece
            if (ready or gone) and not piece:
                raise self._ended(self._last_words())
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def expect(self, kind: str, seconds: float) -> dict[str, Any]:
        """Return the next message, which must be of *kind*.

        Raises:
            Ended: As `receive`; or the benchmark finished instead, with that reason.
        """
        message = self.receive(seconds)
        if message["is"] == "finished":
            raise Finished(self.side.role, message)
        if message["is"] != kind:
            raise self._ended(f"answered {message['is']!r} where {kind!r} was due")
        return message

    def stop(self, grace_seconds: float) -> None:
        """Let the process see that nobody asks any more, wait for it so long, then kill what is left of its group."""
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

    def _ended(self, reason: str) -> Ended:
        return Ended(f"{self.side.role}: {reason}")

    def _last_words(self) -> str:
        wait_for_end(self._process, 1.0)
        status = end_group(self._process)
        last = tail(self._output, lines=1)[:500]
        if status < 0:
            return f"its process was ended by signal {signal.Signals(-status).name}"
        if status == 1 and last:
            return last
        return f"its process ended with status {status}"

    def _close(self) -> None:
        for number in (self._requests, self._answers, self._lifeline):
            if number >= 0:
                os.close(number)
        self._requests = self._answers = self._lifeline = -1


def stop_all(servers: Iterable[Server], grace_seconds: float) -> None:
    """End several processes; the grace is shared."""
    deadline = time.monotonic() + grace_seconds

    def stop(server: Server) -> None:
        server.stop(max(0.0, deadline - time.monotonic()))

    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(stop, server)
