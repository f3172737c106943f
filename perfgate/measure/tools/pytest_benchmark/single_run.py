"""One run of a pytest suite, as its own tool makes it: pytest-benchmark where that is installed, else pytest-codspeed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from perfgate.errors import MeasurementFailed
from perfgate.measure.agent.origins import VARIABLE as ORIGINS
from perfgate.measure.live.items import Item
from perfgate.measure.processes import run_tool, tail
from perfgate.measure.sides.side import Side
from perfgate.measure.suites import Suite
from perfgate.measure.tools.pytest_benchmark.command import ALONE, BENCHMARK, CODSPEED, has_package, pytest_command
from perfgate.measure.tools.pytest_benchmark.items import collected_items
from perfgate.results.formats import read_results
from perfgate.results.records import Run, Sample

COLLECTED = "PERFGATE_COLLECTED"
"""Environment variable with the file into which `agent.pytest_benchmark.alone` writes what was collected."""

_TESTS_FAILED, _NOTHING_COLLECTED = 1, 5
"""Exit statuses of pytest after which the results are looked at: other tests may have been measured."""


def run_pytest(suite: Suite, side: Side, select: str | None) -> Run:
    """Return what the suite's own tool measures in the side's environment.

    Args:
        suite: The suite.
        side: A prepared side; files are written beside its checkout.
        select: Shell-style pattern over node ids; None: all.

    Raises:
        MeasurementFailed: Neither tool is installed, pytest fails, or nothing is measured; the message has the last lines.
    """
    results, output = side.checkout.with_name("results.json"), side.checkout.with_name("output")
    collected, profiles = side.checkout.with_name("collected"), side.checkout.with_name("codspeed")
    command = [*pytest_command(side), "-p", ALONE, *_options(side, results), *map(str, suite.files_in_project)]
    variables = {
        **side.variables,
        "PERFGATE_SELECT": select or "*",
        COLLECTED: str(collected),
        "CODSPEED_PROFILE_FOLDER": str(profiles),
        ORIGINS: json.dumps(side.origins(suite.shared)),
    }
    allowed = (0, _TESTS_FAILED, _NOTHING_COLLECTED)
    run_tool([side.python, *command], cwd=side.project_folder, environment=variables, output=output, allowed=allowed)
    written = [results, *sorted(profiles.glob("results/*.json"))]
    run = next((read_results(file) for file in written if file.exists() and file.stat().st_size), None)
    if run is None or not run.samples:
        selected = f" that {select!r} selects" if select else ""
        raise MeasurementFailed(f"pytest measured nothing{selected}:\n{tail(output)}")
    return run if run.suite == suite.tool else _named_as_collected(run, suite, collected)


def _options(side: Side, results: Path) -> list[str]:
    """Return the options by which the suite's own tool measures."""
    if has_package(side, BENCHMARK):
        return ["--benchmark-enable", f"--benchmark-json={results}"]
    if has_package(side, CODSPEED):
        return ["--codspeed", "--codspeed-mode", "walltime"]
    raise MeasurementFailed("one run is measured by pytest-benchmark or pytest-codspeed: install one beside the suite")


def _named_as_collected(run: Run, suite: Suite, collected: Path) -> Run:
    """Return a run of pytest-codspeed with the names that pairs give to suite and benchmarks."""
    items = collected_items([json.loads(line) for line in collected.read_text(encoding="utf-8").splitlines()])
    samples = tuple(_renamed(sample, items) for sample in run.samples)
    return msgspec.structs.replace(run, suite=suite.tool, samples=samples)


def _renamed(sample: Sample, items: Sequence[Item]) -> Sample:
    """Return a sample under the name of its item; pytest-codspeed may name files by their whole path."""
    name = f"/{sample.benchmark.name}"
    benchmark = next((item.benchmark for item in items if name.endswith(f"/{item.address}")), sample.benchmark)
    return msgspec.structs.replace(sample, benchmark=benchmark)
