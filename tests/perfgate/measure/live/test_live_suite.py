"""Both agents of a pair share their conditions, and none of them survives the comparison."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from perfgate.measure import open_pairs
from perfgate.measure.live.live_suite import PairConditions
from tests.perfgate.measure.conftest import Project


def test_the_side_that_starts_first_alternates() -> None:
    """The base starts the first pair, the head the second one."""
    orders = [PairConditions(number=number, hash_seed=0, cpu=None).order for number in range(3)]

    assert [("base", "head"), ("head", "base"), ("base", "head")] == orders


def test_ctrl_c_leaves_no_process_folder_or_handler(project: Project, temporary: Path) -> None:
    """KeyboardInterrupt in the middle of a benchmark ends the comparison in this process, which goes on as before."""
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    threads, processes = threading.active_count(), child_processes()

    def press_ctrl_c() -> None:
        while len(child_processes() - processes) < 2:
            time.sleep(0.01)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press_ctrl_c)

    def compare() -> None:
        with open_pairs(project.path, "base", "head", suite="pytest-benchmark", select="*hangs") as pairs:
            presser.start()
            pairs.take_pair(*pairs.benchmarks)

    with pytest.raises(KeyboardInterrupt):
        compare()
    presser.join()

    assert processes == child_processes()
    assert threads == threading.active_count()
    assert handlers == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    assert not list(temporary.iterdir())


def child_processes() -> set[int]:
    """Return the ids of this process's child processes, dead ones that were not waited for included."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has just ended
            if int(stat.read_text().rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(stat.parent.name))
    return found
