"""Real results of other projects give the counts that were taken of them independently, file by file.

The files are not part of this repository; without them beside it these tests are skipped.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from perfgate.results import result_file
from perfgate.results.formats import FoundRun, find_results, read_results, read_run
from perfgate.results.metrics import EXTRA_INFO
from perfgate.results.records import Direction, Refusal, Run, Sample, SampleState
from tests.paths import SHARED

FACTS: dict[str, Any] = json.loads((SHARED / "facts.json").read_text()) if SHARED.is_dir() else {}

pytestmark = pytest.mark.skipif(not FACTS, reason="no ../shared/data beside the repository")

ARCHIVES = [name for name, facts in FACTS.get("asv", {}).items() if "result_files" in facts]
SESSIONS = list(FACTS.get("pytest-benchmark", {}))
HISTORIES = list(FACTS.get("github-action-benchmark", {}))
CUT_BY_HAND = "github-action-benchmark-fixtures/"


def runs_in(path: Path) -> tuple[list[tuple[FoundRun, Run]], list[Refusal]]:
    all_found = list(find_results(path))
    runs = [
        (found, read_run(found.data, name=found.name, context=found.context))
        for found in all_found
        if isinstance(found, FoundRun)
    ]
    return runs, [found for found in all_found if isinstance(found, Refusal)]


class Tally:
    """What the facts count, gathered run by run: the largest archive must not be held in memory whole."""

    def __init__(self, known_values: list[list[Any]]) -> None:
        self.counts: Counter[str] = Counter()
        self.names: dict[str, set[str]] = {
            "commits": set(),
            "envs": set(),
            "benchmarks_in_results": set(),
            "keys": set(),
        }
        self.machines: Counter[str] = Counter()
        self.dates: list[str] = []
        self.wanted = {(file, benchmark): (index, value) for file, benchmark, index, value in known_values}
        self.known: list[tuple[float | None, float]] = []
        self.refused: list[Refusal] = []

    def add(self, found: FoundRun, run: Run) -> None:
        self.counts.update(result_files=1, cells=len(run.samples))
        self.counts.update(
            finite=run.count(SampleState.MEASURED),
            null=run.count(SampleState.FAILED),
            nan=run.count(SampleState.SKIPPED),
        )
        self.names["commits"].add(run.commit.sha)
        self.names["envs"].add(run.environment.name.partition("/")[2])
        self.names["keys"].add(found.identity)
        self.names["benchmarks_in_results"].update(sample.benchmark.name for sample in run.samples)
        self.machines[run.environment.fields["machine"]] += 1
        assert run.commit.committed_at is not None
        self.dates.append(run.commit.committed_at.isoformat())
        self.refused += run.refused
        for (file, benchmark), (index, value) in self.wanted.items():
            if file == found.name:
                samples = [sample for sample in run.samples if sample.benchmark.name == benchmark]
                self.known.append((samples[index].value, value))


@pytest.mark.parametrize("archive", ARCHIVES)
def test_asv_archives(archive: str) -> None:
    """Every value of every archive is read: files, cells, states, commits, machines, dates and known values."""
    facts = FACTS["asv"][archive]
    tally = Tally(facts["known_values"])
    refused = []

    for found in find_results(SHARED / "asv" / archive):
        if isinstance(found, Refusal):
            refused.append(found)
        else:
            tally.add(found, read_run(found.data, name=found.name, context=found.context))

    for fact in ("result_files", "cells", "finite", "null", "nan"):
        assert (fact, tally.counts[fact]) == (fact, facts.get(fact, 0))
    for fact in ("commits", "envs", "benchmarks_in_results"):
        assert (fact, facts[fact]) == (fact, len(tally.names[fact]))
    assert facts["result_files"] == len(tally.names["keys"])
    assert facts["machines"] == len(tally.machines)
    assert facts["machine_files"].items() <= tally.machines.items()
    assert (facts["first_commit_date"], facts["last_commit_date"]) == (min(tally.dates), max(tally.dates))
    assert len(facts["known_values"]) == len(tally.known)
    assert all(expected == value for value, expected in tally.known)
    assert [] == tally.refused
    expected = ["aaaaaaaa", "bbbbbbbb"] if archive.startswith("asv-example") else []
    assert expected == [refusal.where.rpartition("/")[2][:8] for refusal in refused]


@pytest.mark.parametrize("session", SESSIONS)
def test_pytest_benchmark_sessions(session: str) -> None:
    """Every session is read: benchmarks, measurements, commit, machine, and a result file that reads back equal."""
    facts = FACTS["pytest-benchmark"][session]
    run = read_results(SHARED / "pytest-benchmark" / session)

    timed = [sample for sample in run.samples if not sample.metric.name.startswith(EXTRA_INFO)]

    assert facts["benchmarks"] == len(timed)
    assert (facts["commit"], facts["dirty"]) == (run.commit.sha, run.commit.dirty)
    assert facts["branch"] in {run.commit.branch, "(detached head)", None}
    assert (facts["node"], facts["python"]) == (run.environment.fields["machine"], run.environment.fields["python"])
    assert f"pytest-benchmark {facts['version']}" == run.tool
    first = run.samples[0]
    fullname, value = facts["first"]
    assert fullname.startswith(first.benchmark.name)
    assert value in {first.value, first.statistics["mean"], first.statistics["min"]}
    measurements = sum(len(one_round) for sample in timed for one_round in sample.rounds)
    if session.startswith(CUT_BY_HAND):
        assert facts["raw_samples"] - measurements == len(run.refused) > 0
    else:
        assert (facts["raw_samples"], ()) == (measurements, run.refused)
    if "huge" not in session:
        assert run == result_file.read(result_file.write(run))


def test_pytest_benchmark_folders() -> None:
    """The whole folder is found with one key for each file, and nothing is refused."""
    runs, refused = runs_in(SHARED / "pytest-benchmark" / "lagom")

    assert [] == refused
    assert 12 == len(runs) == len({found.identity for found, _ in runs})


@pytest.mark.parametrize("history", HISTORIES)
def test_github_action_benchmark_histories(history: str) -> None:
    """Every run and point of every entry is read, in the file's order, with nothing refused."""
    facts = FACTS["github-action-benchmark"][history]
    runs, refused = runs_in(SHARED / "github-action-benchmark" / history)

    assert [] == refused
    assert facts["points"] == sum(len(run.samples) for _, run in runs)
    assert len(runs) == len({found.identity for found, _ in runs})
    for entry, expected in facts["entries"].items():
        check_entry(expected, [run for _, run in runs if run.environment.name == entry])


def check_entry(facts: dict[str, Any], runs: list[Run]) -> None:
    samples = [sample for run in runs for sample in run.samples]
    assert (facts["runs"], facts["points"]) == (len(runs), len(samples))
    assert facts["names"] == len({sample.benchmark.name for sample in samples})
    assert facts["commits"] == len({run.commit.sha for run in runs})
    started = [run.started_at for run in runs if run.started_at is not None]
    assert (facts["first"], facts["last"]) == (min(started).isoformat(), max(started).isoformat())
    assert facts["tools"] == sorted({run.suite for run in runs})
    check_first_value(facts, samples)


def check_first_value(facts: dict[str, Any], samples: list[Sample]) -> None:
    name, value = facts["first_value"]
    assert name == samples[0].benchmark.name
    if facts["units"] == ["iter/sec"]:
        assert (value, Direction.HIGHER) == (samples[0].value, samples[0].metric.direction)
    elif "ns" in facts["units"][0] or "ns/op" in facts["units"]:
        assert (samples[0].value, samples[0].metric.unit) == (value / 1e9, "s")


@pytest.mark.parametrize(("history", "expected"), [("python-edtf.data.js.xz", 25), ("safetensors.data.js.xz", 215)])
def test_runs_of_pull_requests(history: str, expected: int) -> None:
    """Runs of pull requests are recognized by the URL of the commit and have a branch of their own."""
    runs, _ = runs_in(SHARED / "github-action-benchmark" / history)
    numbered = [run for _, run in runs if run.pull_request is not None]

    assert expected == len(numbered)
    assert {f"pull/{run.pull_request}" for run in numbered} == {run.commit.branch for run in numbered}
