"""How a verdict is printed: the table, what measuring took, and where the file was written."""

from __future__ import annotations

import argparse
from pathlib import Path

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
