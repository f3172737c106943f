"""pytest-benchmark tests as live pairs: a session per side, both in lockstep, one pair of each test that is wanted.

A pair of sessions passes through the tests in their order; tests that are not asked for are passed over without
setting them up. A round of few tests collects only their files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.discover import Suite
from perfgate.measure.live.agent_process import START_SECONDS, Ended
from perfgate.measure.live.lockstep import Lockstep
from perfgate.measure.live.source import HEAD, Item, PairFailed, Turn
from perfgate.measure.processes import tail
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.results.formats.pytest_benchmark import reader as pytest_benchmark

_PYTEST = "import sys; sys.path.remove(''); import pytest; raise SystemExit(pytest.console_main())"
"""``python -m pytest`` would put the checkout in front of what was installed from it, extensions missing."""


class PytestPairs(Lockstep):
    """The tests of a pytest-benchmark suite.

    Args:
        suite: Where they stand.
        sides: Both sides, by role, with the same test files.
        folder: Where output goes.
        timeout_seconds: Longest call, or fixture, of a test.
        first: The turn of the first sessions, which also tell what there is.

    Raises:
        MeasurementFailed: A side collects nothing.
    """

    def __init__(self, suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float, first: Turn) -> None:
        super().__init__(suite, sides, folder, timeout_seconds)
        self._files = [str(file) for file in suite.files]
        self._ahead: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        self._passed: set[str] = set()
        collected = self._open(first, self._files)
        self.tool: str = collected[HEAD]["tool"]
        self.items = tuple(_items(collected[HEAD]["benchmarks"]))
        if not self.items:
            said = "; ".join(self._errors[HEAD]) or "no test uses the benchmark fixture"
            self.abandon()
            raise MeasurementFailed(f"pytest collected no benchmark from {', '.join(self._files)}: {said}")

    def _can_reach(self, item: Item) -> bool:
        return all(role in self._live and item.address in self._ahead[role] for role in self._sides)

    def _begin(self, item: Item, turn: Turn) -> None:
        """Start two sessions that collect what the last ones came past, if the next round begins, else everything."""
        wanted = {_file(address) for address in self._passed} if item.address in self._passed else set()
        self._passed = set()
        self._open(turn, [file for file in self._files if file in wanted] or self._files)

    def _request(self, side: Side, item: Item) -> dict[str, object]:
        ahead = self._ahead[side.role]
        if item.address not in ahead:
            why = "; ".join(self._errors[side.role]) or "it is not there"
            raise PairFailed(f"{side.role}: pytest does not collect {item.address}: {why}")
        self._ahead[side.role] = ahead[ahead.index(item.address) + 1 :]
        self._passed.add(item.address)
        return {"do": "run", "id": item.address}

    def _open(self, turn: Turn, files: list[str]) -> dict[str, dict[str, Any]]:
        """Start two sessions and return what each collected."""
        self._cpu = turn.cpu
        for role in turn.order:
            side = self._sides[role]
            arguments = [*pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_plugin", *files]
            self._live[role] = self._start(side, arguments, side.checkout, turn)
        collected = {}
        for role in turn.order:
            try:
                collected[role] = self._live[role].expect("collected", START_SECONDS)
            except Ended as end:
                self.abandon()
                said = tail(self._output(role))
                raise MeasurementFailed(f"pytest does not start on the side of {end.reason}\n{said}") from end
            self._ahead[role] = [one["id"] for one in collected[role]["benchmarks"]]
            self._errors[role] = collected[role]["errors"]
        return collected


def pytest_command(side: Side) -> list[str]:
    """Return what follows the interpreter to run *side*'s benchmarks, and only these, in one process and in order."""
    words = [
        "-c",
        _PYTEST,
        "--quiet",
        "--continue-on-collection-errors",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:randomly",
    ]
    for package, plugin, options in (("xdist", "xdist", ["-n", "0"]), ("pytest_cov", "pytest_cov", ["--no-cov"])):
        if any((folder / package).is_dir() for folder in (side.site_packages, *side.shared)):
            words += ["-p", plugin, *options]
    words += [
        "-p",
        f"{AGENT_PACKAGE}.pytest_select",
        "-p",
        "benchmark",
        "--benchmark-only",
        "--benchmark-enable",
        "--rootdir",
        str(side.checkout),
    ]
    return words


def _items(collected: list[dict[str, Any]]) -> list[Item]:
    """Return the items, named as pytest-benchmark's own file would name them."""
    document = {
        "machine_info": {},
        "benchmarks": [
            {"fullname": one["id"], "param": one["parameter_id"], "params": one["parameters"]} for one in collected
        ],
    }
    run = pytest_benchmark.read(msgspec.json.encode(document), name="collected")
    return [
        Item(benchmark=sample.benchmark, metric=sample.metric, address=one["id"])
        for one, sample in zip(collected, run.samples, strict=True)
    ]


def _file(address: str) -> str:
    return address.partition("::")[0]
