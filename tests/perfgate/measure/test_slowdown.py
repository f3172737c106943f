"""A function is made slower by a known factor, and does what it did."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from perfgate.measure.slowdown import add_slowdown

MODULE = '''"""A shop."""

from __future__ import annotations

import functools


@functools.cache
def price(item):
    """Return the price."""
    return len(item)


def total(count):
    return 0 if count == 0 else 1 + total(count - 1)

'''
LINES = {
    name: MODULE.splitlines().index(text) + 1
    for name, text in (("price", "@functools.cache"), ("total", "def total(count):"))
}


def slowed(folder: Path, name: str, factor: float = 0.5, text: str = MODULE) -> dict[str, Any]:
    """Return what a module defines after one of its functions was slowed down."""
    file = folder / "shop.py"
    file.write_bytes(text.encode())
    assert add_slowdown(file, LINES[name], factor)
    defined: dict[str, Any] = {}
    exec(compile(file.read_bytes(), "shop.py", "exec"), defined)
    return defined


def test_the_function_does_what_it_did(tmp_path: Path) -> None:
    """Docstring, name, decorators, recursion and future imports keep their effect."""
    defined = slowed(tmp_path, "price")

    assert ("price", "Return the price.", 3) == (
        defined["price"].__name__,
        defined["price"].__doc__,
        defined["price"]("tea"),
    )
    assert defined["price"].cache_info().currsize == 1
    assert "A shop." == defined["__doc__"]
    assert 5 == slowed(tmp_path, "total")["total"](5)


BUSY = """def busy(work, depth):
    work()
    return busy(lambda: None, depth - 1) + 1 if depth else 0
"""


def test_it_waits_for_the_share_of_each_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call of 100 takes half as long again, its own looks at the clock included; recursive calls do not wait again."""
    now = 0

    def clock() -> int:
        nonlocal now
        now += 1
        return now

    def work() -> None:
        nonlocal now
        now += 100

    monkeypatch.setattr(time, "process_time", clock)
    LINES["busy"] = 1
    defined = slowed(tmp_path, "busy", text=BUSY)
    began = clock()

    assert 3 == defined["busy"](work, 3)
    assert 148 <= clock() - began <= 151
    assert 0 == defined["busy"](lambda: None, 0)


def test_it_waits_by_the_clock_that_the_benchmark_is_judged_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wall time that passes while the process stands still makes no CPU time."""
    monkeypatch.setattr(time, "perf_counter", None)
    LINES["busy"] = 1

    assert 1 == slowed(tmp_path, "busy", text=BUSY)["busy"](lambda: None, 1)


def test_line_endings_stay(tmp_path: Path) -> None:
    """A file with CRLF has no bare LF afterwards."""
    file = tmp_path / "shop.py"
    file.write_bytes(MODULE.replace("\n", "\r\n").encode())

    assert add_slowdown(file, LINES["total"], 0.5)
    assert b"\n" not in file.read_bytes().replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("content", "line"),
    [(MODULE.encode(), 1), (b"", 1), (b"def broken(:\n", 1), (b"\xff\n", 1), (b"x = 1; y = 2\n", 1)],
    ids=["no function begins there", "empty", "no Python", "no UTF-8", "another statement"],
)
def test_what_cannot_be_edited_stays_as_it_is(tmp_path: Path, content: bytes, line: int) -> None:
    """The next function is tried."""
    file = tmp_path / "shop.py"
    file.write_bytes(content)

    assert not add_slowdown(file, line, 0.5)
    assert content == file.read_bytes()
    assert not add_slowdown(tmp_path / "nowhere.py", 1, 0.5)
