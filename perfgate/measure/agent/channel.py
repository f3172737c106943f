"""A private channel of JSON lines to the process that measures; standard output stays the benchmark's."""

from __future__ import annotations

import fcntl
import json
import os
from typing import Any

VARIABLE = "PERFGATE_CHANNEL"
"""Environment variable with the three descriptors of the channel, in a form of constant length."""


class RequestChannel:
    """The measured process's end of the channel.

    The process inherits three descriptors: requests to read, answers to write, and a lifeline, on which nothing is ever
    written. When the measuring process dies, however that happens, the kernel sends SIGIO for the lifeline, which ends
    this process. So no benchmark goes on without a reader.

    Args:
        address: The value of the environment variable `VARIABLE`.
    """

    def __init__(self, address: str) -> None:
        requests, answers, lifeline = (int(number) for number in address.split(","))
        for descriptor in (requests, answers, lifeline):
            os.set_inheritable(descriptor, False)
        if hasattr(os, "O_ASYNC"):
            fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        self._requests = os.fdopen(requests, encoding="utf-8")
        self._answers = os.fdopen(answers, "w", encoding="utf-8")
        self._owner = os.getpid()

    def receive(self) -> dict[str, Any]:
        """Return the next request; if the channel was closed, end the process."""
        self._end_forked_process()
        line = self._requests.readline()
        if not line:
            os._exit(0)
        request: dict[str, Any] = json.loads(line)
        return request

    def send(self, **message: object) -> None:
        """Write one message and flush it."""
        self._end_forked_process()
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()

    def move_to_this_process(self) -> None:
        """Let a process that was forked on purpose use the channel."""
        self._owner = os.getpid()

    def _end_forked_process(self) -> None:
        """End this process if a benchmark forked it and it came back here instead of ending."""
        if os.getpid() != self._owner:
            os._exit(70)
