"""`perfgate doctor`: one look at a machine, for people and for programs."""

from __future__ import annotations

import json
import math

import pytest

from perfgate.cli import main
from perfgate.results.records import Environment


def test_json_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """A short real run: exit code 0 or 3 as `fit` says, all figures finite or null, facts as in a result file."""
    code = main(["doctor", "--seconds", "2", "--json"])
    found = json.loads(capsys.readouterr().out)

    assert code == (0 if found["fit"] else 3)
    assert found["fit"] is (not found["flags"])
    assert found["grade"] in "ABCDEF"
    assert math.isfinite(found["spread"])
    assert found["steal"] is None or 0 <= found["steal"] <= 1
    assert found["pairs"] == sum(len(workload["pair_values"]) for workload in found["workloads"])
    assert [4, 8, 16, 32] == [power["pairs"] for power in found["detectable"]]
    assert all(power["smallest_detectable"] >= found["budget"] for power in found["detectable"])
    assert {"lambda", "involuntary_switches_per_sample", "pinned", "seconds_per_pair", "advice"} <= found.keys()
    assert Environment(name="here", fields=found["facts"]).fields["cpu_count"]
    assert "packages" not in found["facts"]


def test_people_read_the_verdict_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Fit or not and the grade stand in the first line, what was found beside what is wanted below."""
    code = main(["doctor", "--seconds", "0.1"])
    first, *rest = capsys.readouterr().out.splitlines()

    assert first.startswith("This machine is fit" if code == 0 else "This machine is not fit")
    assert "grade" in first
    assert any(line.startswith("ASLR") for line in rest)
    assert any("run too short" in line for line in rest)
    assert any(line.startswith("32 ") for line in rest)


def test_a_run_of_no_length_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2 and one line."""
    assert 2 == main(["doctor", "--seconds", "0"])
    (line,) = capsys.readouterr().err.splitlines()
    assert "got 0" in line
