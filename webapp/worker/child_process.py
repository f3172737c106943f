"""A child process of `serve` or `work`: the web server, the worker or the scheduler. It ends when its parent ends.

Its standard input is a pipe from the parent that nothing is written to. End of file means that the parent has ended, after
SIGKILL too. Run as ``python -m webapp.worker.child_process web|worker|scheduler [argument ...]``.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
import warnings
from typing import NoReturn

from webapp.worker.scheduler import scheduler

STOP_SECONDS = 5
"""Time that a child has to shut down after its parent has ended."""


def main(arguments: list[str]) -> None:
    """Run the program that the first argument names, with the rest as its arguments."""
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    name, *rest = arguments
    if name == "web":
        sys.argv = ["gunicorn", *rest]
        runpy.run_module("gunicorn", run_name="__main__")
        return
    # Celery warns root about pickled messages; ours are JSON.
    warnings.filterwarnings("ignore", module="celery.platforms")
    if name == "scheduler":
        scheduler().start(["--quiet", "beat", *rest])
    else:
        from webapp.celery import app  # noqa: PLC0415 - the scheduler stays small without it

        app.start(["--quiet", "worker", *rest])


def _stop_with_parent() -> NoReturn:
    """Wait for the end of standard input, then end this process and those that it started."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgid(0), signal.SIGKILL)
    raise AssertionError("a process does not outlive SIGKILL")


if __name__ == "__main__":
    main(sys.argv[1:])
