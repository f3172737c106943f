"""`perfgate check` on a real repository with a real suite; canary_output.py prints the result of its canary."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from perfgate import gate
from perfgate.cli import main
from perfgate.results import result_file
from tests.perfgate.repositories import CODE, TOTAL_TEST, WORDS_TEST, make_repository, read_verdict

pytestmark = pytest.mark.usefixtures("without_own_settings")


def test_a_slower_head_is_red_and_the_file_tells_the_same_again(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 under the budget of the base, not the head's own; the result file alone leads to the same verdict."""
    file = tmp_path / "result.json"
    code = main(["check", "base", "head", "--repository", str(repository), "--output", str(file), "--json"])
    verdict = read_verdict(capsys.readouterr().out)

    assert 1 == code
    assert 0.1 == verdict.rows[0].max_regression
    assert verdict.rows[0].effect is not None
    assert verdict.rows[0].effect > 0.3
    assert verdict == gate.judge(result_file.read(file.read_bytes()), today=datetime.now(UTC).date())


def test_the_same_code_is_green(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A commit against itself passes, and the text says the smallest detectable change."""
    code = main(["check", "base", "base", "--repository", str(repository), "--gate-all"])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "2 within budget" in printed
    assert "Smallest detectable change" in printed


def test_a_change_that_reaches_no_benchmark_passes_and_is_measured_all_the_same(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prose cannot slow code down: nothing is gated, and what is measured shows how often the gate is wrong."""
    file = tmp_path / "result.json"
    code = main(["check", "head", "docs", "--repository", str(repository), "--output", str(file), "--json"])
    verdict = read_verdict(capsys.readouterr().out)

    assert 0 == code
    assert {(TOTAL_TEST, True), (WORDS_TEST, True)} == {(row.label, row.exempt) for row in verdict.rows}
    assert {TOTAL_TEST, WORDS_TEST} == set(verdict.exempt)
    assert verdict.assumptions
    assert verdict == gate.judge(result_file.read(file.read_bytes()), today=datetime.now(UTC).date())


@pytest.mark.parametrize("arguments", [["--shard", "1/2"], ["--shard", "1/2", "--output", "x", "--strict"]])
def test_a_shard_leaves_the_verdict_to_the_merge(
    repository: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a file for the merge, or with a rule for the whole, measuring a part is an error."""
    assert 2 == main(["check", "base", "head", "--repository", str(repository), *arguments])
    assert "perfgate merge" in capsys.readouterr().err


def test_a_change_that_reaches_no_benchmark_passes_unmeasured(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prose cannot slow code down: nothing is measured, and what was assumed is said."""
    code = main(["check", "head", "docs", "--repository", str(repository), "--affected-only", "--json"])
    verdict = read_verdict(capsys.readouterr().out)

    assert 0 == code
    assert {TOTAL_TEST, WORDS_TEST} == set(verdict.exempt)
    assert () == verdict.rows
    assert verdict.assumptions


def test_a_change_that_reaches_a_benchmark_is_measured(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the change cannot reach is left out."""
    code = main(["check", "base", "head", "--repository", str(repository), "--affected-only", "--json"])

    verdict = read_verdict(capsys.readouterr().out)

    assert 1 == code
    assert (WORDS_TEST,) == verdict.exempt
    assert {TOTAL_TEST} == {row.label for row in verdict.rows}


def test_a_time_budget_certifies_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of time is undecidable, code 3, and says so, also where nothing could be built."""
    code = main(["check", "base", "base", "--repository", str(repository), "--gate-all", "--time-budget", "0.001s"])

    printed = capsys.readouterr().out

    assert 3 == code
    assert "No verdict" in printed
    assert "building and collecting took all of the time budget of 0.001 s" in printed


def test_an_unknown_revision_is_an_error(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2 and the name that git does not know."""
    assert 2 == main(["check", "nowhere", "head", "--repository", str(repository)])
    assert "nowhere" in capsys.readouterr().err


def test_the_canary_is_found(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slowdown planted into a throw-away copy turns the gate red, and the repository stays as it was."""
    code = main(["check", "base", "--canary", "--repository", str(repository), "--json"])
    found = json.loads(capsys.readouterr().out)

    assert 0 == code
    assert found["red"]
    assert found["benchmark"].endswith("test_total")
    assert (
        CODE
        == subprocess.run(
            ["git", "-C", str(repository), "show", "base:shop.py"], check=True, capture_output=True, text=True
        ).stdout
    )


def test_the_canary_refuses_what_it_would_ignore(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An option without effect is an error that names it."""
    assert 2 == main(["check", "base", "--canary", "--repository", str(repository), "--strict"])
    assert "--strict" in capsys.readouterr().err


HOLDS = "def keep(size):\n    blocks = [bytes(1000) for _ in range(size)]\n    return len(blocks)\n"
HOLDS_MORE = HOLDS.replace("range(size)", "range(size + size // 100)")
TIGHT = """
[[budget]]
max_regression = "900%"

[[budget]]
metric = "memory"
max_regression = "0.5%"
"""


@pytest.fixture(scope="module")
def holder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose head holds one hundredth more, with a suite of either tool."""
    return make_repository(
        tmp_path_factory.mktemp("holder"),
        {
            "asv.conf.json": '{"version": 1, "project": "shop", "repo": ".", "benchmark_dir": "asv_bench"}',
            "asv_bench/b.py": "import shop\n\ndef time_keep():\n    shop.keep(10_000)\n\n"
            "def mem_keep():\n    return shop.keep(10)\n\ndef track_keep():\n    return shop.keep(100)\n",
            "benchmarks/test_shop.py": "import shop\n\ndef test_keep(benchmark):\n    benchmark(shop.keep, 2000)\n",
            "perfgate.toml": TIGHT,
        },
        {"base": {"shop.py": HOLDS}, "head": {"shop.py": HOLDS_MORE}},
    )


def test_one_hundredth_more_memory_is_red_from_one_pair(
    holder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory is part of every check, held to its own budget, and judged again alike from the file."""
    file = tmp_path / "result.json"
    options = ["--suite", "pytest-benchmark", "--output", str(file), "--json"]
    code = main(["check", "base", "head", "--repository", str(holder), *options])
    verdict = read_verdict(capsys.readouterr().out)
    (row,) = (row for row in verdict.rows if row.metric == "traced_peak")

    assert 1 == code
    assert ("fail", 0.005, 1) == (row.outcome, row.max_regression, row.pairs)
    assert row.effect == pytest.approx(0.01, abs=0.002)
    assert {"cpu_time", "traced_peak", "peak_memory"} == {row.metric for row in verdict.rows}
    assert verdict == gate.judge(result_file.read(file.read_bytes()), today=datetime.now(UTC).date())


def test_memory_can_be_left_out_but_not_a_benchmark_that_measures_it(
    holder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Benchmarks that measure memory themselves need one pair, tracked numbers several; times then have no memory beside them."""
    main(["check", "base", "base", "--repository", str(holder), "--suite", "asv", "--no-memory", "--json"])
    rows = {row.label: row for row in read_verdict(capsys.readouterr().out).rows}

    assert {"b.time_keep": "cpu_time", "b.mem_keep": "memory", "b.track_keep": "track"} == {
        label: row.metric for label, row in rows.items()
    }
    assert 1 == rows["b.mem_keep"].pairs
    assert rows["b.track_keep"].pairs > 1


@pytest.mark.skipif(shutil.which("valgrind") is None and "CI" not in os.environ, reason="valgrind is not installed")
def test_instructions_are_a_second_metric(holder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted where that is asked for, and judged under their own name."""
    options = ["--suite", "asv", "--select", "*time_keep", "--no-memory", "--instructions", "--json"]
    main(["check", "base", "head", "--repository", str(holder), *options])
    rows = read_verdict(capsys.readouterr().out).rows

    assert ["cpu_time", "instructions"] == [row.metric for row in rows]
    assert rows[1].baseline > 1_000_000
    assert 1 == rows[1].pairs


def test_without_valgrind_nothing_is_begun(
    holder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--instructions without valgrind is an error that names the package, before anything is measured."""
    (tmp_path / "git").symlink_to(str(shutil.which("git")))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert 2 == main(["check", "base", "head", "--repository", str(holder), "--suite", "asv", "--instructions"])
    assert "install the package 'valgrind'" in capsys.readouterr().err
