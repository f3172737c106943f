"""`perfgate bridge` on a real repository with a real suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfgate.cli import main
from perfgate.results import result_file
from tests.perfgate.repositories import read_verdict

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_a_bridge_tells_what_the_code_did_across_a_border(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both ends side by side, all of it gated; the file holds both sides and belongs to no pull request."""
    file = tmp_path / "result.json"
    code = main(["bridge", "base", "head", "--repository", str(repository), "--output", str(file), "--json"])
    verdict = read_verdict(capsys.readouterr().out)
    run = result_file.read(file.read_bytes())

    assert 1 == code
    assert {"cpu_time", "traced_peak", "peak_memory"} == {row.metric for row in verdict.rows}
    assert ((), None) == (run.exempt, run.pull_request)
    assert run.baseline is not None
