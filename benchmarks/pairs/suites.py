"""Small git projects to measure: kernels from a microsecond to thirty milliseconds."""

from __future__ import annotations

import subprocess
from pathlib import Path

KERNELS = '''
"""Pieces of work of known length; each function prepares one and returns the call to time."""

import json
import random
import re
import sqlite3

import numpy as np


def lookup_1us():
    table = {"a": 1, "b": 2, "c": 3}
    return lambda: [table["a"], table.get("b"), len(table), table["c"]]


def regex_2us():
    pattern = re.compile(r"(\\w+) (\\d+)\\.(\\d+)\\.(\\d+)\\.(\\d+) \\[([^]]+)\\]")
    return lambda: pattern.match("alice 192.168.10.22 [10/Oct/2000:13:55:36]").groups()


def dumps_8us():
    document = {"id": 12345, "name": "widget", "tags": ["a", "b", "c"], "price": 12.5, "nested": {"x": 1, "y": [1, 2, 3]}}
    return lambda: json.dumps(document)


def array_20us():
    rising = np.arange(10_000, dtype=float)
    falling = rising[::-1].copy()
    return lambda: float((rising * falling + rising).sum())


def text_60us():
    words = [f"word{number}" for number in range(300)]
    return lambda: "-".join(word.upper() for word in " ".join(words).split() if word[-1] != "7")


def query_300us():
    database = sqlite3.connect(":memory:")
    database.execute("create table t (a text, b real)")
    database.executemany("insert into t values (?, ?)", [(f"n{number % 97}", number / 2) for number in range(2000)])
    return lambda: database.execute("select a, sum(b) from t where b > 10 group by a order by 2").fetchall()


def loads_1ms():
    text = json.dumps([{"id": number, "name": f"user{number}", "values": [number, number / 4]} for number in range(450)])
    return lambda: json.loads(text)


def build_1ms():
    return lambda: {number: number * 2 for number in range(14_000)}


def sort_5ms():
    shuffled = random.Random(1)
    rows = [(shuffled.random(), str(number)) for number in range(9_000)]
    return lambda: sorted(rows, key=lambda row: row[0])


def orbit_10ms():
    def fly():
        x, y, u, v = 1.0, 1.0, 0.0, 0.5
        for _ in range(45_000):
            pull = 0.01 / (x * x + y * y + 0.01)
            u, v = u - x * pull, v - y * pull
            x, y = x + u * 0.01, y + v * 0.01
        return x

    return fly


def stream_15ms():
    left, right = np.ones(5_000_000), np.ones(5_000_000)
    return lambda: float((left + right).max())


def tree_30ms():
    def grow(depth):
        return None if depth == 0 else (grow(depth - 1), grow(depth - 1), {"depth": depth})

    return lambda: grow(16)
'''

SHORT = ("lookup_1us", "regex_2us", "dumps_8us", "array_20us", "text_60us", "query_300us", "loads_1ms", "build_1ms")
LONG = ("sort_5ms", "orbit_10ms", "stream_15ms", "tree_30ms")
"""Kernels of at least about 5 ms a call."""

_CONFIGURATION = '{"version": 1, "project": "kernels", "repo": ".", "benchmark_dir": "timed"}'

ONE_MILLISECOND = 20
"""Number of benchmarks in a suite of benchmarks of a millisecond."""


def layouts(path: Path) -> Path:
    """Create a project with one suite per tool that times every kernel once; the first call prepares a kernel."""
    names = (*SHORT, *LONG)
    header = "import functools\n\nimport kernels\n\n@functools.cache\ndef prepared(name):\n    return getattr(kernels, name)()\n\n"
    return _commit(
        path,
        {
            "benchmarks/test_kernels.py": "import kernels\n\n"
            + "\n".join(f"def test_{name}(benchmark):\n    benchmark(kernels.{name}())\n" for name in names),
            "asv.conf.json": _CONFIGURATION,
            "timed/__init__.py": "",
            "timed/kernel.py": header + "\n".join(f"def time_{name}():\n    prepared({name!r})()\n" for name in names),
        },
    )


def milliseconds(path: Path) -> Path:
    """Create a project with one suite per tool that has only benchmarks of about a millisecond."""
    tests = [
        f"def test_{number}(benchmark):\n    benchmark(kernels.build_1ms())\n" for number in range(ONE_MILLISECOND)
    ]
    timed = [f"def time_{number}():\n    build()\n" for number in range(ONE_MILLISECOND)]
    return _commit(
        path,
        {
            "benchmarks/test_kernels.py": "import kernels\n\n" + "\n".join(tests),
            "asv.conf.json": _CONFIGURATION,
            "timed/__init__.py": "",
            "timed/kernel.py": "import kernels\n\nbuild = kernels.build_1ms()\n\n" + "\n".join(timed),
        },
    )


def _commit(path: Path, files: dict[str, str]) -> Path:
    for name, content in {"kernels/__init__.py": KERNELS, ".gitignore": "__pycache__/\n", **files}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(content)
    git = ["git", "-C", str(path), "-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=no"]
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "Kernels"]):
        subprocess.run([*git, *words], check=True)
    return path
