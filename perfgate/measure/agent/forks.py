"""Run each benchmark in a forked process of its own, which costs less than starting one: seconds under callgrind.

What an earlier benchmark leaves on the heap changes the count of a later one by up to a percent. A process that was
forked right after the imports has seen no earlier benchmark.
"""

from __future__ import annotations

import fcntl
import os
import signal

from .channel import RequestChannel


def end_together(address: str) -> None:
    """End the whole process group, forked processes included, when the measuring process dies.

    Args:
        address: As for `RequestChannel`.
    """
    lifeline = int(address.split(",")[2])
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpgrp())


def is_forked_child(channel: RequestChannel) -> bool:
    """Fork; return True in the child, which must answer and end with status 0, and False here after it ended.

    If the child ends with another status, it has not answered: this process answers with the reason.
    """
    child = os.fork()
    if child == 0:
        channel.move_to_this_process()
        return True
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status:
        how = f"was ended by signal {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        answer = {"outcome": "failed", "reason": f"its process {how}", "found": None}
        channel.send(**{"is": "finished", **answer, "pid": child, "foreign": []})
    return False
