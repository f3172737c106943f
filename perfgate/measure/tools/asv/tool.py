"""How suites of asv are found and run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from perfgate.errors import MeasurementFailed
from perfgate.measure.live.items import Item
from perfgate.measure.live.live_suite import LiveSuite, PairConditions
from perfgate.measure.needs.trial import Collected
from perfgate.measure.sides.asv_configuration import read_configuration
from perfgate.measure.sides.project import project_folder
from perfgate.measure.sides.side import AGENT_PACKAGE, Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.asv.collection import collect_asv
from perfgate.measure.tools.asv.items import collected_items
from perfgate.measure.tools.asv.live_suite import AsvLiveSuite
from perfgate.measure.tools.asv.single_run import run_asv
from perfgate.measure.tools.interface import Tool
from perfgate.results.records import Run

CONFIGURATION = "asv.conf.json"
FOLDERS = ("", "benchmarks", "asv_bench", "asv", "benchmark", "perf", "ci")
"""Where a configuration file is looked for, in this order."""


class AsvTool(Tool):
    """asv."""

    name = "asv"
    evidence = CONFIGURATION
    places = f"an asv configuration ({', '.join(str(Path(folder, CONFIGURATION)) for folder in FOLDERS)})"
    runs_in_checkout = False

    def find(self, checkout: Path) -> Suite | None:
        """Return the suite of the first configuration file in `FOLDERS`."""
        for folder in FOLDERS:
            if (checkout / folder / CONFIGURATION).is_file():
                return self._suite(checkout, Path(folder, CONFIGURATION))
        return None

    def find_at(self, checkout: Path, path: Path) -> Suite | None:
        """Return the suite of a configuration file, or of the one in a folder."""
        if path.suffix == ".json":
            return self._suite(checkout, path)
        if (checkout / path / CONFIGURATION).is_file():
            return self._suite(checkout, path / CONFIGURATION)
        return None

    def packages(self, suite: Suite) -> tuple[str, ...]:  # noqa: ARG002 - all suites need the same
        """Return asv, which brings asv_runner."""
        return ("asv",)

    def collect(self, suite: Suite, side: Side) -> Collected:
        """Import all files of the suite."""
        return collect_asv(suite, side)

    def measure(self, suite: Suite, side: Side, select: str | None) -> Run:
        """Run ``asv run``."""
        return run_asv(suite, side, select)

    def open_live(
        self,
        suite: Suite,
        sides: Mapping[str, Side],
        folder: Path,
        timeout_seconds: float,
        first: PairConditions,  # noqa: ARG002 - the first pair starts its own agents
    ) -> LiveSuite:
        """Return the suite, ready for live pairs; asv_runner imports the benchmarks."""
        return AsvLiveSuite(suite, sides, folder, timeout_seconds)

    def probe_command(self, side: Side, items: Sequence[Item]) -> list[str]:  # noqa: ARG002 - it probes any item
        """Return the command line of the probing agent."""
        return ["-m", f"{AGENT_PACKAGE}.asv.probe"]

    def trace_command(self, side: Side, files: Sequence[str]) -> list[str]:  # noqa: ARG002 - it traces any benchmark
        """Return the command line of the tracing agent."""
        return ["-m", f"{AGENT_PACKAGE}.asv.trace"]

    def session_of(self, item: Item) -> str:
        """Return the benchmark's name: asv gives each benchmark its own process, with all combinations of parameters."""
        return item.benchmark.name

    def items(self, collected: Sequence[Mapping[str, Any]]) -> list[Item]:
        """Return one item for each combination of parameters."""
        return collected_items(collected)

    def _suite(self, checkout: Path, configuration: Path) -> Suite:
        named = read_configuration(checkout / configuration).get("benchmark_dir", "benchmarks")
        folder = Path(os.path.normpath(configuration.parent / str(named)))
        if folder.is_absolute() or folder.parts[:1] == ("..",) or not (checkout / folder).is_dir():
            raise MeasurementFailed(
                f"{configuration} names benchmark_dir {named!r}, which is no folder of the repository"
            )
        project = project_folder(checkout, configuration, frozenset(filter(None, FOLDERS)))
        return Suite(tool=self.name, project=project, configuration=configuration, folder=folder, shared=(folder,))
