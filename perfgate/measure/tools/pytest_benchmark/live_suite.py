"""The benchmarks of a pytest suite in live pairs: one pytest session for each side, which passes through the tests in order.

Tests that are not asked for are passed over without being set up. If only some tests are still measured, only their
files are collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.agent_process import START_SECONDS
from perfgate.measure.live.failures import AgentFailed, PairFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.processes import tail
from perfgate.measure.sides.side import AGENT_PACKAGE, HEAD, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.pytest_benchmark.command import pytest_command
from perfgate.measure.tools.pytest_benchmark.items import collected_items, file_of


class PytestLiveSuite(LiveSuite):
    """The benchmarks of a pytest suite.

    Args:
        suite: The suite.
        sides: Both sides, by role, with the same test files.
        folder: A folder in which output is written.
        timeout_seconds: Longest call, or fixture, of a test.
        first: The conditions of the first sessions, which also collect the suite.

    Raises:
        MeasurementFailed: pytest does not start, or the head side collects no benchmark.
    """

    def __init__(
        self, suite: Suite, sides: Mapping[str, Side], folder: Path, timeout_seconds: float, first: PairConditions
    ) -> None:
        super().__init__(suite, sides, folder, timeout_seconds)
        self._files = [str(file) for file in suite.files_in_project]
        self._ahead: dict[str, list[str]] = {}
        self._errors: dict[str, list[str]] = {}
        self._deselected: dict[str, list[str]] = {}
        self._passed: set[str] = set()
        collected = self._open(first, self._files)
        self.tool_version = collected[HEAD]["tool"]
        self.items = tuple(collected_items(collected[HEAD]["benchmarks"]))
        if not self.items:
            said = "; ".join(self._not_measured()) or "no test uses a benchmark fixture or mark"
            self.abandon()
            raise MeasurementFailed(f"pytest collected no benchmark from {', '.join(self._files)}: {said}")

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return also which files and tests are not measured although they hold benchmarks."""
        return (*super().warnings, *self._not_measured())

    def _not_measured(self) -> Iterator[str]:
        for role, errors in self._errors.items():
            if errors:
                yield f"{len(errors)} file(s) cannot be collected on the {role} side, and are not measured: {_some(errors)}"
            if deselected := self._deselected[role]:
                yield (
                    f"{len(deselected)} benchmark(s) are not measured on the {role} side, because the project's own"
                    f" options or plugins deselect them: {_some(deselected)}"
                )

    def _can_reach(self, item: Item) -> bool:
        return all(role in self._agents and item.address in self._ahead[role] for role in self._sides)

    def _start_agents(self, item: Item, conditions: PairConditions) -> None:
        """Start two sessions.

        If *item* was measured in the last sessions, a new round begins, and only the files of that round are collected.
        """
        needed = {file_of(address) for address in self._passed} if item.address in self._passed else set()
        self._passed = set()
        self._open(conditions, [file for file in self._files if file in needed] or self._files)

    def _request(self, side: Side, item: Item) -> dict[str, object]:
        ahead = self._ahead[side.role]
        if item.address not in ahead:
            reason = "; ".join(self._errors[side.role]) or "there is no such test"
            raise PairFailed(f"{side.role}: pytest does not collect {item.address}: {reason}")
        self._ahead[side.role] = ahead[ahead.index(item.address) + 1 :]
        self._passed.add(item.address)
        return {"do": "run", "id": item.address}

    def _open(self, conditions: PairConditions, files: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Start two sessions and return what each of them collected."""
        self._cpu = conditions.cpu
        for role in conditions.order:
            side = self._sides[role]
            arguments = [*pytest_command(side), "-p", f"{AGENT_PACKAGE}.pytest_benchmark.plugin", *files]
            self._agents[role] = self._start(side, arguments, side.project_folder, conditions)
        collected = {}
        for role in conditions.order:
            try:
                collected[role] = self._agents[role].expect("collected", START_SECONDS)
            except AgentFailed as failure:
                self.abandon()
                output = tail(self._output(role))
                raise MeasurementFailed(f"pytest does not start: {failure.reason}\n{output}") from failure
            self._ahead[role] = [test["id"] for test in collected[role]["benchmarks"]]
            self._errors.setdefault(role, collected[role]["errors"])
            self._deselected.setdefault(role, collected[role]["deselected"])
        return collected


def _some(texts: Sequence[str]) -> str:
    return "; ".join(texts[:3]) + (" …" if len(texts) > 3 else "")
