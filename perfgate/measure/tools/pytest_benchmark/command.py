"""The command line that runs the benchmarks of a pytest suite."""

from __future__ import annotations

from perfgate.measure.sides.side import AGENT_PACKAGE, Side

_PYTEST = "import sys; sys.path.remove(''); import pytest; raise SystemExit(pytest.main())"
"""``python -m pytest`` would put the checkout in front of the installed project, which may have extension modules."""

ALONE = f"{AGENT_PACKAGE}.pytest_benchmark.alone"
"""The plugin of a session that is not measured in pairs."""

BENCHMARK, CODSPEED = "pytest_benchmark", "pytest_codspeed"
"""Packages of the plugins that a suite may be written for."""

_PLUGINS = (
    ("xdist", "xdist", ("-n", "0")),
    ("pytest_cov", "pytest_cov", ("--no-cov",)),
    (BENCHMARK, "benchmark", ()),
    (CODSPEED, "codspeed", ()),
)
"""Package, plugin name and options of plugins that are loaded where they are installed; the first two must do nothing."""


def pytest_command(side: Side) -> list[str]:
    """Return the arguments for *side*'s interpreter: run only benchmarks, in one process and in order of definition."""
    words = ["-c", _PYTEST, "--quiet", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-p", "no:randomly"]
    words += ["-p", f"{AGENT_PACKAGE}.pytest_benchmark.select"]
    for package, plugin, options in _PLUGINS:
        if has_package(side, package):
            words += ["-p", plugin, *options]
    return [*words, "--rootdir", str(side.project_folder)]


def has_package(side: Side, package: str) -> bool:
    """Tell whether a package is installed in *side*'s environment."""
    return (side.site_packages / package).is_dir()
