"""Records hold facts, and refuse contradictions."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from perfgate.results.records import (
    COMPARABILITY_FIELDS,
    SAME_MACHINE_FIELDS,
    TIME,
    Benchmark,
    Commit,
    Environment,
    Run,
    Sample,
    SampleState,
    as_utc,
    level,
)

BENCHMARK = Benchmark(name="bench.time_sort")
COMMIT = Commit(sha="a" * 40)
ENVIRONMENT = Environment(name="laptop")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"value": math.nan},
        {"value": math.inf},
        {"state": SampleState.FAILED, "value": 1.0},
        {"state": SampleState.SKIPPED, "value": 1.0},
        {"value": 1.0, "rounds": ((1.0, math.nan),)},
        {"value": 1.0, "rounds": ((1.0,), (-math.inf, math.inf))},
        {"value": 1.0, "statistics": {"mean": math.nan}},
        {"value": 1.0, "low": -math.inf},
        {"value": 1.0, "high": math.nan},
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any]) -> None:
    """A measured sample has a finite value, any other has none, and every number is finite."""
    with pytest.raises(ValueError, match=r"finite|cannot have a value"):
        Sample(benchmark=BENCHMARK, metric=TIME, **fields)


def test_measurements_may_be_large() -> None:
    """Finite measurements are accepted even if their sum overflows."""
    sample = Sample(benchmark=BENCHMARK, metric=TIME, value=1.0, rounds=((1e308, 1e308, 1e308),))

    assert ((1e308, 1e308, 1e308),) == sample.rounds


def test_records_are_frozen() -> None:
    """A record cannot be changed."""
    with pytest.raises(AttributeError):
        COMMIT.sha = "b" * 40  # type: ignore[misc]


@pytest.mark.parametrize(
    "document",
    [
        b'{"sha": "HEAD"}',
        b'{"sha": "abcdef"}',
        b'{"sha": "ABCDEF0123"}',
        b'{"sha": "abcdef0\\n"}',
        b'{"sha": "abcdef0", "unknown": 1}',
        b'{"sha": "abcdef0", "generation": 0}',
        b'{"sha": "abcdef0", "subject": "\\u0000"}',
        b'{"sha": "abcdef0", "branch": "a\\nb"}',
    ],
)
def test_decoding_is_strict(document: bytes) -> None:
    """A field that is unknown, too short, too long or not storable is refused when decoded."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(document, type=Commit)


@pytest.mark.parametrize("name", ["", "a\nb", "a\x1b[31m", "<script>", "a\u202eb", "x" * 2_001])
def test_names_are_harmless(name: str) -> None:
    """A name is one line without control characters, reversed text or active markup."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"name": name}), type=Benchmark)


@pytest.mark.parametrize("name", ["t.py::t[<object at 0x…>]", "a < b", "vector<int>", "ünïcode", "日本語", "a  b"])
def test_ordinary_names_are_kept(name: str) -> None:
    """The names that real tools give benchmarks are accepted."""
    assert name == msgspec.json.decode(msgspec.json.encode({"name": name}), type=Benchmark).name


def test_label() -> None:
    """A label is name and parameters, in the tool's order."""
    assert "t[b=1, a=2]" == Benchmark(name="t", parameters={"b": "1", "a": "2"}).label
    assert "t" == Benchmark(name="t").label


def test_level_is_the_median_of_medians() -> None:
    """One long round does not outweigh two short ones."""
    assert 2.0 == level(((1.0,), (2.0,), (9.0,) * 100))


@pytest.mark.parametrize("field", COMPARABILITY_FIELDS)
def test_fingerprint_follows_what_makes_values_comparable(field: str) -> None:
    """Each comparability field changes the fingerprint, and the difference is named with both sides."""
    other = Environment(name="laptop", fields={field: "other"})

    assert ENVIRONMENT.fingerprint != other.fingerprint
    assert {field: ("", "other")} == ENVIRONMENT.differences(other)


@pytest.mark.parametrize("field", SAME_MACHINE_FIELDS)
def test_machine_forbids_a_verdict_but_not_a_series(field: str) -> None:
    """Another machine rules out a verdict, but stays in the same series: hosted runners get a new name each day."""
    other = Environment(name="laptop", fields={field: "other"})

    assert ENVIRONMENT.fingerprint == other.fingerprint
    assert {field: ("", "other")} == ENVIRONMENT.differences(other)


def test_other_fields_do_not_matter() -> None:
    """A field that is only displayed neither rules out a verdict nor starts a segment."""
    other = Environment(name="laptop", fields={"note": "x"})

    assert {} == ENVIRONMENT.differences(other)
    assert ENVIRONMENT.fingerprint == other.fingerprint


def test_a_baseline_has_no_baseline() -> None:
    """A baseline cannot have a baseline of its own."""
    base = Run(suite="asv", tool="asv", commit=COMMIT, environment=ENVIRONMENT)
    pair = Run(suite="asv", tool="asv", commit=COMMIT, environment=ENVIRONMENT, baseline=base)

    with pytest.raises(ValueError, match="baseline of its own"):
        Run(suite="asv", tool="asv", commit=COMMIT, environment=ENVIRONMENT, baseline=pair)


def test_times_are_utc() -> None:
    """A naive time is UTC, and any other time is converted to UTC."""
    noon = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)

    assert noon == as_utc(noon.replace(tzinfo=None))
    turned = as_utc(noon.astimezone(timezone(timedelta(hours=9))))
    assert (noon, UTC) == (turned, turned.tzinfo)
