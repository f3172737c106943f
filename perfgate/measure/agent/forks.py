"""A process of its own for each benchmark without starting anew: under callgrind a start costs seconds.

What an earlier benchmark left on the heap changes the count of a later one by up to a percent. A child that was forked
right after import knows of no earlier benchmark.
"""

from __future__ import annotations

import fcntl
import os
import signal

from .channel import Channel


def end_together(address: str) -> None:
    """Let the death of the process that asks end our whole group, children included, instead of us alone.

    Args:
        address: What `Channel` was made from.
    """
    lifeline = int(address.split(",")[2])
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())


def forked(channel: Channel) -> bool:
    """Fork; return True in the child, which must answer and end with status 0, and False here once it ended.

    A child that ends otherwise has not answered: the answer is given here, with the reason.
    """
    child = os.fork()
    if child == 0:
        channel._owner = os.getpid()  # noqa: SLF001 - this child is meant to answer, unlike a benchmark's own
        return True
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        how = f"was ended by signal {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        answer = {"outcome": "failed", "reason": f"its process {how}", "found": None}
        channel.send(**{"is": "finished", **answer, "pid": child, "foreign": []})
    return False
