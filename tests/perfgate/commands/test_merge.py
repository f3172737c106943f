"""`perfgate merge` joins what `perfgate check --shard` measured."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfgate import gate
from perfgate.cli import main
from perfgate.gate import Row
from perfgate.results import result_file
from tests.perfgate.repositories import TOTAL_TEST, WORDS_TEST, read_verdict

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_shards_are_measured_apart_and_judged_as_one(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The joined verdict holds what each shard decided; one shard alone is no verdict, and no failure either."""
    files = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    whole = tmp_path / "all.json"
    codes: list[int] = []
    rows: list[Row] = []
    for number, file in enumerate(files, start=1):
        arguments = ["--repository", str(repository), "--shard", f"{number}/2", "--output", file, "--json"]
        codes.append(main(["check", "base", "head", *arguments]))
        rows += read_verdict(capsys.readouterr().out).rows
    codes.append(main(["merge", files[1]]))
    capsys.readouterr()
    codes.append(main(["merge", *reversed(files), "--output", str(whole), "--json"]))
    verdict = read_verdict(capsys.readouterr().out)

    assert [1, 0, 3, 1] == codes
    assert rows == list(verdict.rows)
    assert {(TOTAL_TEST, False), (WORDS_TEST, True)} == {(row.label, row.exempt) for row in rows}
    assert verdict == gate.judge(result_file.read(whole.read_bytes()), today=datetime.now(UTC).date())


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and the name of the file."""
    assert 2 == main(["merge", str(tmp_path / "nowhere.json")])
    assert "nowhere.json: No such file" in capsys.readouterr().err
