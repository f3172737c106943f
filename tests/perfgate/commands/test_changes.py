"""`perfgate changes`: where the level of a history changed."""

import json
from pathlib import Path

import numpy as np
import pytest

from perfgate.cli import main


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(5)
    steady, stepped = np.exp(0.01 * rng.standard_normal((2, 40)))
    stepped[25:] *= 1.2
    lines = [
        "commit,steady,stepped",
        *(f"c{i:04},{a},{b}" for i, (a, b) in enumerate(zip(steady, stepped, strict=True))),
    ]
    file = tmp_path / "history.csv"
    file.write_text("\n".join(lines))
    return file


def test_the_commit_and_the_size_of_a_change_are_printed(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A person reads series, commit and effect with its interval."""
    assert 0 == main(["changes", str(table)])
    printed = capsys.readouterr().out

    assert "c0025" in printed
    assert "+20" in printed
    assert "1 change points in 2 series of 80 points" in printed


def test_json_holds_every_series(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program reads one line per series, also of one without a change."""
    main(["changes", "--json", str(table)])
    steady, stepped = map(json.loads, capsys.readouterr().out.splitlines())

    assert [] == steady["change_points"]
    assert [(25, "c0025")] == [(change["index"], change["label"]) for change in stepped["change_points"]]
