"""pytest-benchmark tests as live pairs: a session per side, both in lockstep, one pair of each test that is wanted.

A pair of sessions passes through the tests once, in their order; tests that are not asked for are passed over without
setting them up. When one is asked for that lies behind, both sessions end and the next two begin: start-up is paid
once a round, not once a benchmark.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from perfgate.adapters import pytest_benchmark
from perfgate.errors import MeasurementFailed
from perfgate.suite.discover import Suite
from perfgate.suite.processes import tail
from perfgate.suite.server import GRACE_SECONDS, START_SECONDS, Ended, Finished, Server, stop_all
from perfgate.suite.sides import SERVED, Side
from perfgate.suite.source import HEAD, Item, PairFailed, Turn

_PYTEST = "import sys; sys.path.remove(''); import pytest; raise SystemExit(pytest.console_main())"
"""``python -m pytest`` would put the checkout in front of what was installed from it, extensions missing."""


class PytestPairs:
    """The tests of a pytest-benchmark suite.

    Args:
        suite: Where they stand.
        sides: Both sides, by role, with the same test files.
        folder: Where output goes.
        timeout_seconds: Longest call of a test.
        first: The turn of the first sessions, which also tell what there is.

    Raises:
        MeasurementFailed: A side collects nothing.
    """

    def __init__(self, suite: Suite, sides: dict[str, Side], folder: Path, timeout_seconds: float, first: Turn) -> None:
        self._files = [str(file) for file in suite.files]
        self._sides = sides
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._live: dict[str, Server] = {}
        self._ahead: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        collected = self._begin(first)
        self.tool: str = collected[HEAD]["tool"]
        self.items = tuple(_items(collected[HEAD]["benchmarks"]))
        if not self.items:
            said = "; ".join(self._errors[HEAD]) or "no test uses the benchmark fixture"
            self.abandon()
            raise MeasurementFailed(f"pytest collected no benchmark from {', '.join(self._files)}: {said}")

    def bring_up(self, item: Item, turn: Turn) -> dict[str, Server]:
        """Let both sessions go on to *item*, new ones if need be."""
        if not all(item.address in self._ahead.get(role, ()) for role in self._sides):
            self.close()
            self._begin(turn)
        for role in turn.order:
            if item.address not in self._ahead[role]:
                why = "; ".join(self._errors[role]) or "it is not there"
                raise PairFailed(f"{role}: pytest does not collect {item.address}: {why}")
        for role in turn.order:
            ahead = self._ahead[role]
            self._ahead[role] = ahead[ahead.index(item.address) + 1 :]
            self._live[role].send(do="run", id=item.address)
        failures = {role: end for role in turn.order if (end := self._until_ready(role))}
        if failures:
            self._settle(failures)
            raise PairFailed.of(list(failures.values()))
        return self._live

    def finish(self, item: Item) -> None:  # noqa: ARG002 - the sessions know which test they are at
        """Let the test end on both sides and hear how it did."""
        for server in self._live.values():
            server.send(do="next")
        failures = []
        for role, server in self._live.items():
            try:
                message = server.receive(self._timeout_seconds + GRACE_SECONDS)
            except Ended as end:
                self.abandon()
                raise PairFailed.of([end]) from end
            server.side.refuse_foreign(message["foreign"])
            if message["outcome"] != "passed":
                failures.append(Finished(role, message))
        if failures:
            raise PairFailed.of(failures)

    def abandon(self) -> None:
        """End both sessions at once."""
        stop_all(self._live.values(), 0.0)
        self._live = {}
        self._ahead = {}

    def close(self) -> None:
        """Let both sessions tear down what they set up, and end."""
        for server in self._live.values():
            server.send(do="end")
        stop_all(self._live.values(), GRACE_SECONDS)
        self._live = {}
        self._ahead = {}

    def _begin(self, turn: Turn) -> dict[str, dict[str, Any]]:
        """Start two sessions and return what each collected."""
        for role in turn.order:
            side = self._sides[role]
            self._live[role] = Server(
                side,
                [*pytest_command(side), "-p", f"{SERVED}.pytest_plugin", *self._files],
                cwd=side.checkout,
                hash_seed=turn.hash_seed,
                output=self._folder / f"{role}_out",
                variables={"PERFGATE_ORIGINS": json.dumps(side.origins)},
            )
        collected = {}
        for role in turn.order:
            try:
                collected[role] = self._live[role].expect("collected", START_SECONDS)
            except Ended as end:
                self.abandon()
                said = tail(self._folder / f"{role}_out")
                raise MeasurementFailed(f"pytest does not start on the side of {end.reason}\n{said}") from end
            self._live[role].pin(turn.cpu)
            self._ahead[role] = [one["id"] for one in collected[role]["benchmarks"]]
            self._errors[role] = collected[role]["errors"]
        return collected

    def _until_ready(self, role: str) -> Ended | None:
        """Wait until one side serves; return why it does not."""
        try:
            self._live[role].expect("called", START_SECONDS)
            self._live[role].expect("ready", self._timeout_seconds)
        except Ended as end:
            return end
        return None

    def _settle(self, failures: dict[str, Ended]) -> None:
        """Bring both sessions to the end of a test that not both of them reached; where that fails, end them."""
        try:
            for role, server in self._live.items():
                if role not in failures:
                    server.send(do="next")
                    server.receive(self._timeout_seconds + GRACE_SECONDS)
                elif not isinstance(failures[role], Finished):
                    raise failures[role]
        except Ended:
            self.abandon()


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
        f"{SERVED}.pytest_select",
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
