"""A side may run another Python than perfgate itself: the agents need nothing but what the suite has, and old syntax."""

from __future__ import annotations

import ast
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.measure import open_pairs
from tests.perfgate.measure.conftest import Project

AGENT = Path(__file__).parents[3] / "perfgate/measure/agent"
OLDEST = (3, 9)

TEST = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 300)\n"
ASV_SUITE = "import shop\n\ndef time_total():\n    shop.total(300)\n"


def has_python(version: str) -> bool:
    """Return whether such a Python is installed and runs: pyenv has programs for versions that it does not use."""
    found = shutil.which(f"python{version}")
    return found is not None and subprocess.run([found, "-c", ""], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("file", sorted(path.relative_to(AGENT).as_posix() for path in AGENT.rglob("*.py")))
def test_the_agents_are_written_for_the_oldest_python(file: str) -> None:
    """Newer syntax would keep every benchmark of an older project from being measured."""
    ast.parse((AGENT / file).read_text(encoding="utf-8"), feature_version=OLDEST)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_both_tools_are_measured(new_project: Callable[[], Project], version: str) -> None:
    """Pairs, memory and a trace, in the Python that [suite] asks for; the run says which it was."""
    if not has_python(version):
        pytest.skip(f"Python {version} is not installed here")
    project = new_project()
    project.commit(
        "Ask for it",
        {
            "benchmarks/conftest.py": "",
            "benchmarks/test_shop.py": TEST,
            "asv_bench/totals.py": ASV_SUITE,
            "perfgate.toml": f'[suite]\npython = "{version}"\n',
        },
    )

    for suite in ("pytest-benchmark", "asv"):
        with open_pairs(project.path, "HEAD", "HEAD", suite=suite) as pairs:
            (name,) = pairs.benchmarks
            pairs.take_pair(name)
            pairs.count([name], budget=lambda label, metric: 0.03)  # noqa: ARG005 - the same for all
            run = pairs.run()

        assert f"CPython {version}." in run.environment.fields["python"]
        assert {"traced_peak", "peak_memory"} <= {sample.metric.name for sample in run.samples}
