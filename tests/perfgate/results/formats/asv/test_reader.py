"""Results of asv, both formats: reader.py, with documents.py below it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.formats import read_results
from perfgate.results.formats.asv import documents
from perfgate.results.formats.asv import reader as asv
from perfgate.results.records import MEMORY, PEAK_MEMORY, TIME, Direction, Metric, Run, Sample, SampleState
from tests import paths

DATA = paths.DATA / "asv"
FILES = {
    1: DATA / "0.4.2/results/sample/be26e622-virtualenv-py3.7.json",
    2: DATA / "0.6.6/results/sample/be26e622-virtualenv-py3.12.json",
}
SHA = "be26e622f00d8e0bee68a839e5c7a9f1f45a290c"


@pytest.fixture(params=[1, 2], ids=["format-1", "format-2"])
def run(request: pytest.FixtureRequest) -> Run:
    return read_results(FILES[request.param])


def one(run: Run, label: str) -> Sample:
    (sample,) = [sample for sample in run.samples if sample.benchmark.label == label]
    return sample


def read(results: Any, *, context: bytes | None = None, name: str = "m/abcdef12-py3.json", **fields: Any) -> Run:
    document = {"commit_hash": SHA, "results": results, **fields}
    return asv.read(json.dumps(document).encode(), name=name, context=context)


def test_counts(run: Run) -> None:
    """Both formats give the same samples in the same states."""
    assert (19, 13, 4, 2) == (
        len(run.samples),
        run.count(SampleState.MEASURED),
        run.count(SampleState.FAILED),
        run.count(SampleState.SKIPPED),
    )
    assert () == run.refused


def test_commit_and_environment(run: Run) -> None:
    """Commit, its time and the machine come from the file; the environment's name joins machine and environment."""
    assert SHA == run.commit.sha
    assert datetime(2026, 11, 2, 9, 0, tzinfo=UTC) == run.commit.committed_at
    assert run.environment.name.startswith("sample/virtualenv-py3.")
    assert {"machine": "sample", "cpu": "Sample CPU", "os": "Linux", "memory": "8000000"}.items() <= (
        run.environment.fields.items()
    )
    assert run.started_at is not None
    assert 2026 == run.started_at.year


@pytest.mark.parametrize(
    ("benchmark", "metric"),
    [
        ("bench.time_one", TIME),
        ("bench.mem_list", MEMORY),
        ("bench.peakmem_list", PEAK_MEMORY),
        ("bench.Named.track_length[text='NaN']", Metric(name="track", unit="characters")),
    ],
)
def test_metrics(run: Run, benchmark: str, metric: Metric) -> None:
    """A metric has the tool's own unit, with seconds and bytes under their symbols; lower is better."""
    assert metric == one(run, benchmark).metric
    assert Direction.LOWER is one(run, benchmark).metric.direction


def test_parameters_vary_like_asv(run: Run) -> None:
    """The last parameter varies fastest, and benchmarks.json gives the names."""
    labels = [sample.benchmark.label for sample in run.samples if "time_sort" in sample.benchmark.name]

    assert [
        "bench.Sort.time_sort[kind='list', count=10]",
        "bench.Sort.time_sort[kind='list', count=1000]",
        "bench.Sort.time_sort[kind='tuple', count=10]",
        "bench.Sort.time_sort[kind='tuple', count=1000]",
    ] == labels


def test_constants_in_names_survive(run: Run) -> None:
    """A parameter called NaN or Infinity keeps its name, next to values that are these constants."""
    values = {
        sample.benchmark.parameters["text"]: sample.value
        for sample in run.samples
        if sample.benchmark.name == "bench.Named.track_length"
    }

    assert {"'NaN'": 3.0, "'[Infinity, -Infinity]'": 21.0, "'say \"NaN\" \\\\'": 11.0} == values


def test_failed_and_skipped(run: Run) -> None:
    """Null is failed, NaN is skipped, infinity is failed: none of them has a value."""
    assert SampleState.FAILED is one(run, "bench.Sort.time_fails_on_tuples[kind='tuple', count=10]").state
    assert SampleState.FAILED is one(run, "bench.time_always_fails").state
    assert SampleState.SKIPPED is one(run, "bench.track_not_a_number").state
    infinite = one(run, "bench.track_infinite")
    assert (SampleState.FAILED, None) == (infinite.state, infinite.value)
    assert "Infinity" in infinite.reason


def test_measurements(run: Run) -> None:
    """Raw samples are one round, the statistics keep asv's names, and the inner iterations are known."""
    sample = one(run, "bench.time_one")

    assert [4] == [len(one_round) for one_round in sample.rounds]
    assert {"q_25", "q_75", "repeat"} == set(sample.statistics)
    assert sample.low is not None
    assert sample.high is not None
    assert sample.low < sample.high
    assert 5 == sample.calls


def test_version_of_the_benchmark(run: Run) -> None:
    """The version of the benchmark is kept, because a change of it starts a new segment."""
    assert "1" == one(run, "bench.time_one").benchmark.version
    assert 64 == len(one(run, "bench.mem_list").benchmark.version)


def test_benchmarks_without_an_entry_are_read() -> None:
    """A benchmark that is not in benchmarks.json is read by the naming conventions, with numbered parameters."""
    run = read(
        {
            "a.TimeSuite.time_x": [[1, 2], [["'a'", "'b'"]]],
            "a.mem_x": [[3], []],
            "a.peakmem_x": [[4], []],
            "a.timeraw_x": [[5], []],
            "a.other": [[6], []],
        },
        result_columns=["result", "params"],
    )

    assert [{"param1": "'a'"}, {"param1": "'b'"}] == [sample.benchmark.parameters for sample in run.samples[:2]]
    assert ["time", "time", "memory", "peak_memory", "time", "track"] == [sample.metric.name for sample in run.samples]


def test_infinite_limits_are_unbounded() -> None:
    """A confidence limit of plus or minus infinity is no limit."""
    document = (
        f'{{"commit_hash": "{SHA}", "result_columns": {json.dumps(documents.COLUMNS)}, "results": '
        '{"time_x": [[1.5], [], "v", 1, 2, [-Infinity], [Infinity], [1.0], [NaN], [1], [2], [[1.0, NaN, 2.0]]]}}'
    )

    (sample,) = asv.read(document.encode(), name="m/x.json").samples

    assert (1.5, None, None, {"q_25": 1.0, "repeat": 2.0}) == (
        sample.value,
        sample.low,
        sample.high,
        sample.statistics,
    )
    assert ((1.0, 2.0),) == sample.rounds


def test_null_row_is_one_failed_sample() -> None:
    """A whole result of null is one failed sample, without parameters unless there is only one combination."""
    run = read(
        {"time_a": [None, [["1", "2"]]], "time_b": [[None], [["1", "2"], ["3"]]], "time_c": [None, [["1"]]]},
        result_columns=["result", "params"],
    )

    assert ["time_a", "time_b", "time_c[param1=1]"] == [sample.benchmark.label for sample in run.samples]
    assert 3 == run.count(SampleState.FAILED)


def test_odd_lengths_keep_every_value() -> None:
    """If there are more or fewer values than combinations, all values are kept as different benchmarks."""
    run = read({"time_a": [[1, 2, 3], [["1", "2"]]], "time_b": [[1, 2], [["1", "2", "3"]]], "time_c": [[7, 8], []]},
               result_columns=["result", "params"])  # fmt: skip

    assert [
        "time_a[param1=1]",
        "time_a[param1=2]",
        "time_a[position=2]",
        "time_b[param1=1]",
        "time_b[param1=2]",
        "time_c[position=0]",
        "time_c[position=1]",
    ] == [sample.benchmark.label for sample in run.samples]


def test_equal_parameters_stay_apart() -> None:
    """Two values of one parameter with the same text, or two parameters of one name, do not merge benchmarks."""
    context = json.dumps({"time_a": {"type": "time", "unit": "seconds", "param_names": ["n", "n"]}, "version": 2})

    run = read({"time_a": [[1, 2], [["x", "x"], ["y"]]]}, result_columns=["result", "params"], context=context.encode())

    assert ["time_a[param1=x (0), param2=y]", "time_a[param1=x (1), param2=y]"] == [
        sample.benchmark.label for sample in run.samples
    ]


def test_columns_in_another_order() -> None:
    """Columns are identified by their names, and unknown ones are ignored."""
    run = read({"time_a": ["v1", {"new": 1}, [2.5]]}, result_columns=["version", "invented", "result"])

    assert [("v1", 2.5)] == [(sample.benchmark.version, sample.value) for sample in run.samples]


@pytest.mark.parametrize("columns", [["result", "params"], None], ids=["format-2", "format-1"])
def test_a_bad_row_is_refused_alone(columns: list[str] | None) -> None:
    """A row that cannot be read is listed with its place; the others are kept."""
    good = [[1.0], []] if columns else 1.0
    run = read({"time_a": good, "time_b": True, "time_c": {"result": {}}, "time_\x07": good}, result_columns=columns)

    assert ["time_a"] == [sample.benchmark.name for sample in run.samples]
    assert [
        "m/abcdef12-py3.json: $.results['time_\\x07']",
        "m/abcdef12-py3.json: $.results['time_b']",
        "m/abcdef12-py3.json: $.results['time_c']",
    ] == sorted(refusal.where.partition("]")[0] + "]" for refusal in run.refused)


def test_the_oldest_form() -> None:
    """A file with bare numbers names machine and environment only in its path."""
    run = read({"time_a": 3, "track_b": None, "mem_c": {"result": 1, "stats": [{"ci_99": [0.5, 2.5], "q_25": 0.5}]}},
               name="results/cheetah/05d283b9-py2.7-numpy1.8.json", date=1386688801000)  # fmt: skip

    assert "cheetah/py2.7-numpy1.8" == run.environment.name
    assert [3.0, None, 1.0] == [sample.value for sample in run.samples]
    assert (0.5, 2.5) == (run.samples[2].low, run.samples[2].high)
    assert "asv, result format 1" == run.tool


def test_dependencies_are_listed() -> None:
    """Requirements are one sorted text, so that a changed dependency changes the fingerprint."""
    run = read({}, requirements={"numpy": "1.8", "Cython": None}, env_vars={"A": "1"}, python="3.12")

    assert {"dependencies": "Cython, numpy==1.8", "environment_variables": "A=1", "python": "3.12"}.items() <= (
        run.environment.fields.items()
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"commit_hash": "not hexadecimal"}, "$.commit_hash"),
        ({"commit_hash": None}, "$.commit_hash"),
        ({"results": []}, "$"),
        ({"params": 3}, "$.params"),
        ({"env_name": "a\nb"}, "$.env_name"),
    ],
)
def test_malformed_files_name_the_field(fields: dict[str, Any], path: str) -> None:
    """A malformed file is an error with the path of the offending field."""
    document = {"commit_hash": SHA, "results": {}, **fields}

    with pytest.raises(InvalidResult) as caught:
        asv.read(json.dumps(document).encode(), name="m/x.json")

    assert path == caught.value.path


def test_results_are_read_without_a_broken_context() -> None:
    """A malformed benchmarks.json is listed as refused, and the results are read without it."""
    run = read({"time_a": 1.0}, context=b"[]")

    assert 1 == len(run.samples)
    assert ["benchmarks.json"] == [refusal.where for refusal in run.refused]


def test_slim_context_reads_the_same() -> None:
    """The context is stored without the benchmarks' source code and reads the same."""
    whole = (DATA / "0.6.6/results/benchmarks.json").read_bytes()
    slim = documents.read_context(whole, name="benchmarks.json")

    assert b"def " not in slim
    assert len(slim) < len(whole) / 2
    data = FILES[2].read_bytes()
    assert asv.read(data, name="x", context=whole) == asv.read(data, name="x", context=slim)
