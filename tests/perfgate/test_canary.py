"""The use case of the canary: the gate finds a planted slowdown, whatever the project's own policy tolerates."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.canary import check_canary
from perfgate.check import CheckOptions
from tests.perfgate.repositories import TOTAL_TEST

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_a_planted_slowdown_is_found_under_the_default_budget(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head tolerates 900 %; the canary does not. Only time is measured, and the copy is removed."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    stages: list[str] = []
    result = check_canary(
        repository,
        "head",
        options=CheckOptions(select="*total*"),
        progress=lambda progress: stages.append(progress.stage),
    )

    assert result.is_detected
    assert TOTAL_TEST == result.planted.place.benchmark
    assert result.row is not None
    assert result.row.smallest_detectable is not None
    assert 0.03 < result.planted.expected
    assert {"cpu_time"} == {row.metric for row in result.checked.verdict.rows}
    assert None is result.checked.run.policy
    assert stages
    assert [] == list(tmp_path.iterdir())
