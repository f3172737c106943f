"""Small pieces of work, and the process that repeats one of them on request.

The interpreter that is examined runs this file as a script, so it imports the standard library only. A request is a line
with a number of calls; the response is a line with the CPU nanoseconds, wall nanoseconds and involuntary context switches
of these calls. The process ends when its standard input is closed.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable

_WORDS = tuple(f"word{number * 7919 % 1000:03}" for number in range(200))
_DOCUMENT = json.dumps([{"name": word, "size": index, "tags": list(_WORDS[:3])} for index, word in enumerate(_WORDS)])
_PATTERN = re.compile(r"w(\w+?)(\d)\2")
_TEXT = " ".join(_WORDS)


def _arithmetic() -> object:
    total = 0
    for number in range(2_000):
        total = (total * 31 + number) % 65_521
    return total


def _dictionary() -> object:
    counts: dict[str, int] = {}
    for word in _WORDS:
        counts[word] = counts.get(word, 0) + 1
    return sum(counts[word] for word in _WORDS)


def _sorting() -> object:
    return sorted(_WORDS, key=lambda word: word[::-1])


def _json() -> object:
    return json.loads(_DOCUMENT)


def _matching() -> object:
    return _PATTERN.findall(_TEXT)


def _objects() -> object:
    tree: list[object] = []
    for _ in range(500):
        tree = [tree, {"left": len(tree)}, (1.5, "leaf")]
    return tree


WORKLOADS: dict[str, Callable[[], object]] = {
    "arithmetic": _arithmetic,
    "dictionary": _dictionary,
    "sorting": _sorting,
    "json": _json,
    "matching": _matching,
    "objects": _objects,
}
"""Interpreter loop, hashing, comparing, parsing, a C loop, memory: each depends on another part of the machine."""


def serve(work: Callable[[], object]) -> None:
    """Answer requests on standard input until it is closed."""
    work()
    for line in sys.stdin:
        calls = range(int(line))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        for _ in calls:
            work()
        wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before
        sys.stdout.write(f"{cpu} {wall} {switches}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(WORKLOADS[sys.argv[1]])
