"""The command line that runs the benchmarks of a pytest suite."""

from __future__ import annotations

from perfgate.measure.sides.side import AGENT_PACKAGE, Side

_PYTEST = "import sys; sys.path.remove(''); import pytest; raise SystemExit(pytest.console_main())"
"""``python -m pytest`` would put the checkout in front of the installed project, which may have extension modules."""

ALONE = f"{AGENT_PACKAGE}.pytest_benchmark.alone"
"""The plugin of a session that is not measured in pairs."""

_DISABLED = (("xdist", "xdist", ("-n", "0")), ("pytest_cov", "pytest_cov", ("--no-cov",)))
"""Package, plugin name and options of plugins that must do nothing; they are loaded where they are installed."""


def pytest_command(side: Side) -> list[str]:
    """Return the arguments for *side*'s interpreter: run only benchmarks, in one process and in order of definition."""
    words = ["-c", _PYTEST, "--quiet", "--continue-on-collection-errors", "-p", "no:cacheprovider", "-p", "no:randomly"]
    for package, plugin, options in _DISABLED:
        if (side.site_packages / package).is_dir():
            words += ["-p", plugin, *options]
    words += ["-p", f"{AGENT_PACKAGE}.pytest_benchmark.select", "-p", "benchmark"]
    return [*words, "--benchmark-only", "--benchmark-enable", "--rootdir", str(side.project_folder)]
