"""How a verdict is printed: the table, what measuring took, and where the file was written."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec
import pytest

from perfgate.check import Cost
from perfgate.commands import verdict_output
from perfgate.gate import Outcome, Verdict
from perfgate.results.records import Commit

VERDICT = Verdict(outcome=Outcome.INCONCLUSIVE, suite="asv", head=Commit(sha="a" * 40), environment="bench-1")


def shown(capsys: pytest.CaptureFixture[str], **options: object) -> tuple[int, str]:
    defaults = {"json": False, "markdown": False, "strict": False, "output": None, "verbose": False}
    cost = Cost(benchmarks=2, pairs=10, seconds=48.0, pair_seconds=20.0, count_seconds=3.0)
    code = verdict_output.show(VERDICT, argparse.Namespace(**{**defaults, **options}), cost)
    return code, capsys.readouterr().out


def test_text_ends_with_the_cost_and_the_written_file(capsys: pytest.CaptureFixture[str]) -> None:
    """People read what was compared, what the whole check took, and where the result file is."""
    code, text = shown(capsys, output=Path("result.json"))

    assert 3 == code
    assert "asv, aaaaaaaaaa against nothing on bench-1" in text
    assert (
        "Took 48 s: 10 pairs of 2 benchmarks 20 s, deterministic metrics 3 s, installing, collecting and tracing 25 s."
        in text
    )
    assert text.endswith("written to result.json\n")


def test_json_and_markdown_hold_the_verdict_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs and pull requests get no cost, which differs from run to run."""
    for form in ("json", "markdown"):
        code, text = shown(capsys, **{form: True})
        assert 3 == code
        assert "Took" not in text
        assert text.startswith("{" if form == "json" else "###")


def test_at_most_four_lines_stand_below_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is told by -v, which is named; a long remark is cut to one line."""
    monkeypatch.setenv("COLUMNS", "400")
    notes = tuple(f"Note {number}: {'long ' * 60}." for number in range(9))
    verdict = msgspec.structs.replace(VERDICT, notes=notes)
    verdict_output.show_text(verdict, None, Path("result.json"))
    brief = capsys.readouterr().out
    verdict_output.show_text(verdict, None, None, verbose=True)
    whole = capsys.readouterr().out

    assert 4 == len(brief.rpartition("\n\n")[2].splitlines())
    assert "Everything: -v." in brief
    assert "Note 8" not in brief
    assert "…" in brief
    assert all(note in whole for note in notes)
    assert "-v" not in whole


def test_the_next_step_follows_from_the_outcome() -> None:
    """It stands below the headline; who passed has nothing to do."""
    said = {outcome: verdict_output.next_step(msgspec.structs.replace(VERDICT, outcome=outcome)) for outcome in Outcome}

    assert "" == said[Outcome.PASS] == said[Outcome.WAIVED]
    assert "[[waiver]]" in said[Outcome.FAIL]
    assert "why nothing was compared" in said[Outcome.INCONCLUSIVE]
