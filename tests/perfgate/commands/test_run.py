"""`perfgate run` on a real repository with a real suite; run_output.py prints what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from perfgate.cli import main
from perfgate.results import result_file

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_one_revision_is_measured_into_a_file(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file holds commit, environment, raw measurements, and the policy that stands beside the measured code."""
    file = tmp_path / "result.json"
    code = main(["run", "head", "--repository", str(repository), "--output", str(file), "--json"])
    run = result_file.read(file.read_bytes())

    assert 0 == code
    assert json.loads(capsys.readouterr().out)["run"]["commit"]["sha"] == run.commit.sha
    assert 2 == run.commit.generation
    assert run.samples[0].rounds
    assert run.environment.fields["cpu"]
    assert run.policy is not None
    assert ("900%" in run.policy.text, run.commit.sha) == (True, run.policy.revision)


def test_the_values_are_printed(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json: one line per benchmark with its value, and how many were measured, at which commit and where."""
    code = main(["run", "head", "--repository", str(repository), "--select", "*total*", "--environment", "bench-1"])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "benchmarks/test_shop.py::test_total" in printed
    assert "1 measured, 0 failed, 0 skipped at " in printed
    assert printed.rstrip().endswith("on bench-1")
