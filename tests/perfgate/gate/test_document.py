"""Tests of `perfgate.gate.document` and the records of `perfgate.gate.verdict`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from perfgate import gate
from perfgate.errors import InvalidInput
from perfgate.gate.document import VERSION
from perfgate.policy.findings import Outcome
from tests.paths import DATA


def document(version: int) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((DATA / f"verdict/{version}.json").read_text(encoding="utf-8"))
    return read


def test_there_is_a_file_of_every_version() -> None:
    """Each version that was ever stored has a real document here."""
    assert {f"{version}.json" for version in range(1, VERSION + 1)} == {
        file.name for file in (DATA / "verdict").iterdir()
    }


def test_the_current_version_is_written_as_it_was_read() -> None:
    """Reading and writing the current version changes nothing."""
    current = document(VERSION)

    assert current == json.loads(json.dumps(gate.to_document(gate.from_document(current)), default=str))


def test_version_1_is_upgraded() -> None:
    """A document of version 1 gives the same verdict as version 2 of the same run."""
    old, new = gate.from_document(document(1)), gate.from_document(document(2))

    assert (new.outcome, new.exempt, new.not_judged) == (old.outcome, old.exempt, old.not_judged)
    for expected, row in zip(new.rows, old.rows, strict=True):
        if row.label != "rate":  # its budget was tested on another scale then
            assert expected == row
    assert [(row.label, row.outcome) for row in new.rows] == [(row.label, row.outcome) for row in old.rows]


@pytest.mark.parametrize("version", [1, 2])
def test_the_interval_of_an_old_row_tells_its_error(version: int) -> None:
    """Before version 3 the interval was that of 95 %: it stays so, and gives the standard error."""
    for row in gate.from_document(document(version)).rows:
        if row.low is not None and row.deterministic is None:
            assert row.error
            assert row.confidence_interval
            assert [row.low, row.high] == pytest.approx(list(row.confidence_interval), abs=2e-5)


def test_upgraded_rows_have_findings() -> None:
    """Limits, lines and waivers of version 1 become findings; a largest value has one of its own."""
    rows = {row.label: row for row in gate.from_document(document(1)).rows if row.metric == "cpu_time"}

    waived, large = rows["waived"].findings, rows["large"].findings
    assert ["max_regression", "max"] == [finding.rule for finding in large] == [finding.rule for finding in waived]
    assert [Outcome.WAIVED, Outcome.PASS] == [finding.outcome for finding in waived]
    assert [Outcome.PASS, Outcome.FAIL] == [finding.outcome for finding in large]
    assert (0.005, "s", 1) == (large[1].limit.value, large[1].limit.unit, large[1].limit.line)
    assert waived[0].waiver is not None
    assert "release managers" == waived[0].waiver.owner


@pytest.mark.parametrize("version", [0, VERSION + 1, "2", None])
def test_an_unknown_version_is_refused(version: object) -> None:
    """A document of a newer perfgate is an error that names the versions it can read."""
    with pytest.raises(InvalidInput, match=f"reads 1 to {VERSION}"):
        gate.from_document({**document(2), "version": version})


def test_other_data_is_refused() -> None:
    """A document without the fields of a verdict is an error."""
    with pytest.raises(InvalidInput, match="not a verdict"):
        gate.from_document({"version": 2, "outcome": "pass"})


def test_rows_by_judgment_are_sorted_by_severity() -> None:
    """The most severe regression comes first, and exempt rows are left out."""
    verdict = gate.from_document(document(2))

    severities = [row.severity for row in verdict.judged("regressed")]
    assert sorted(severities, reverse=True) == severities
    assert "unreached" not in {row.label for row in verdict.judged("regressed")}
    assert ["unreached"] == [row.label for row in verdict.rows if row.is_false_alarm]
