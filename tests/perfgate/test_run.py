"""The use case `measure_revision`: one run for the history, with the policy that stands beside the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.errors import InvalidInput
from perfgate.measure.options import MeasureOptions
from perfgate.run import measure_revision
from tests.perfgate.repositories import WORDS_TEST

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_a_run_carries_the_policy_of_its_own_revision(repository: Path) -> None:
    """The history applies the alert rules of the measured commit; the run has no baseline."""
    stages: list[str] = []
    run = measure_revision(
        repository,
        "docs",
        options=MeasureOptions(select="*words*", environment="bench-1"),
        progress=lambda progress: stages.append(progress.stage),
    )

    assert ("bench-1", None) == (run.environment.name, run.baseline)
    assert [WORDS_TEST] == [sample.benchmark.label for sample in run.samples]
    assert run.policy is not None
    assert ("900%" in run.policy.text, run.commit.sha) == (True, run.policy.revision)
    assert f"checking out {run.commit.sha[:12]}" == stages[0]


def test_a_folder_without_a_repository_is_an_error(tmp_path: Path) -> None:
    """Nothing is measured."""
    with pytest.raises(InvalidInput):
        measure_revision(tmp_path)
