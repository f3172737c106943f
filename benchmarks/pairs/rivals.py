"""Two plain layouts of a pair: live processes of their own for every benchmark, samples of a fixed length and number."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_WORKER = """
import os, sys, time
import kernels
if sys.argv[2]:
    os.sched_setaffinity(0, {int(sys.argv[2])})
call = getattr(kernels, sys.argv[1])()
call()
print("ready", flush=True)
for line in sys.stdin:
    began = time.thread_time_ns()
    for _ in range(int(line)):
        call()
    print(time.thread_time_ns() - began, flush=True)
"""


@dataclass(frozen=True)
class Layout:
    name: str
    is_pinned: bool
    sample_seconds: float
    samples: int


FREE = Layout("free, 5 ms x 8", False, 5e-3, 8)
PINNED = Layout("pinned, 1 ms x 40", True, 1e-3, 40)


def pair_value(layout: Layout, kernel: str, folder: Path, turn: int) -> float:
    """Return the median log ratio of neighboring samples of one pair of unchanged code."""
    cpus = sorted(os.sched_getaffinity(0))
    seed = str(random.randrange(2**32))
    sides = [_start(kernel, folder, str(cpus[turn % len(cpus)]) if layout.is_pinned else "", seed) for _ in range(2)]
    try:
        assert all(side.stdout is not None and side.stdout.readline() == "ready\n" for side in sides)
        number, seconds = 1, _ask(sides[0], 1)
        while seconds < 5e-4:
            number *= 2
            seconds = _ask(sides[0], number)
        number = max(1, round(layout.sample_seconds / (seconds / number)))
        sample = _ask(sides[0], number)
        _ask(sides[1], number)
        count = max(3, min(layout.samples, round(layout.sample_seconds * layout.samples / sample)))
        taken: tuple[list[float], list[float]] = ([], [])
        for index in range(count):
            for side in ((0, 1), (1, 0), (1, 0), (0, 1))[index % 4]:
                taken[side].append(_ask(sides[side], number))
        return float(np.median(np.log(np.array(taken[1]) / np.array(taken[0]))))
    finally:
        for side in sides:
            side.communicate()


def timed(layout: Layout, kernel: str, folder: Path, turn: int) -> tuple[float, float]:
    """Return the value of a pair and what it cost, in seconds."""
    began = time.monotonic()
    return pair_value(layout, kernel, folder, turn), time.monotonic() - began


def _start(kernel: str, folder: Path, cpu: str, seed: str) -> subprocess.Popen[str]:
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONHASHSEED": seed,
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": str(folder),
    }
    command = [sys.executable, "-c", _WORKER, kernel, cpu]
    return subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)


def _ask(side: subprocess.Popen[str], number: int) -> float:
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write(f"{number}\n")
    return int(side.stdout.readline()) / 1e9
