"""`perfgate run` and `perfgate check` on a real repository with a real suite."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from perfgate import gate, resultfile
from perfgate.cli import main
from perfgate.gate import Row, Verdict

CODE = (
    "def total(count):\n    result = 0\n    for number in range(count):\n        result += number\n    return result\n"
)
SLOWER = CODE.replace("    return", "    for number in range(count):\n        result -= number\n    return")
SUITE = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 20_000)\n"
WORDS = "import words\n\ndef test_words(benchmark):\n    benchmark(words.words, 'a b ' * 2_000)\n"
TOTAL_TEST, WORDS_TEST = "benchmarks/test_shop.py::test_total", "benchmarks/test_words.py::test_words"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(path), *identity, *arguments], check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    (path / "benchmarks").mkdir()
    (path / "benchmarks/test_shop.py").write_text(SUITE)
    (path / "benchmarks/test_words.py").write_text(WORDS)
    (path / "words.py").write_text("def words(text):\n    return text.split()\n")
    (path / "perfgate.toml").write_text('[[budget]]\nmax_regression = "10%"\n')
    for tag, code in (("base", CODE), ("head", SLOWER), ("docs", SLOWER)):
        (path / "shop.py").write_text(code)
        if tag == "docs":
            (path / "README.md").write_text("A shop.\n")
        if tag == "head":
            (path / "perfgate.toml").write_text('[[budget]]\nmax_regression = "900%"\n')
        git("add", "--all")
        git("commit", "--quiet", "--message", tag)
        git("tag", tag)
    return path


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own test run names Django settings that the measured project does not have."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


def test_a_slower_head_is_red_and_the_file_tells_the_same_again(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 under the budget of the base, not the head's own; the result file alone leads to the same verdict."""
    file = tmp_path / "result.json"
    code = main(["check", "base", "head", "--repository", str(repository), "--output", str(file), "--json"])
    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert 1 == code
    assert 0.1 == verdict.rows[0].allowed.value
    assert verdict.rows[0].effect is not None
    assert verdict.rows[0].effect > 0.3
    assert verdict == gate.judge(resultfile.read(file.read_bytes()), today=datetime.now(UTC).date())


def test_the_same_code_is_green(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A commit against itself passes, and the table says what could have been seen."""
    code = main(["check", "base", "base", "--repository", str(repository), "--gate-all"])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "2 within budget" in printed
    assert "could have seen" in printed


def test_a_change_that_reaches_no_benchmark_passes_and_is_measured_all_the_same(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prose cannot slow code down: nothing is gated, and what is measured shows how often the gate is wrong."""
    file = tmp_path / "result.json"
    code = main(["check", "head", "docs", "--repository", str(repository), "--output", str(file), "--json"])
    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert 0 == code
    assert [(TOTAL_TEST, True), (WORDS_TEST, True)] == [(row.label, row.exempt) for row in verdict.rows]
    assert {TOTAL_TEST, WORDS_TEST} == set(verdict.exempt)
    assert verdict.assumptions
    assert verdict == gate.judge(resultfile.read(file.read_bytes()), today=datetime.now(UTC).date())


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
        rows += msgspec.json.decode(capsys.readouterr().out, type=Verdict).rows
    codes.append(main(["merge", files[1]]))
    capsys.readouterr()
    codes.append(main(["merge", *reversed(files), "--output", str(whole), "--json"]))
    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert [1, 0, 3, 1] == codes
    assert rows == list(verdict.rows)
    assert [(TOTAL_TEST, False), (WORDS_TEST, True)] == [(row.label, row.exempt) for row in rows]
    assert verdict == gate.judge(resultfile.read(whole.read_bytes()), today=datetime.now(UTC).date())


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
    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert 0 == code
    assert {TOTAL_TEST, WORDS_TEST} == set(verdict.exempt)
    assert () == verdict.rows
    assert verdict.assumptions


def test_a_change_that_reaches_a_benchmark_is_measured(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the change cannot reach is left out."""
    code = main(["check", "base", "head", "--repository", str(repository), "--affected-only", "--json"])

    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert 1 == code
    assert (WORDS_TEST,) == verdict.exempt
    assert [TOTAL_TEST] == [row.label for row in verdict.rows]


def test_a_time_budget_certifies_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of time is undecidable, code 3, and says so, also of what was not measured at all."""
    code = main(["check", "base", "base", "--repository", str(repository), "--gate-all", "--time-budget", "0.001s"])

    printed = capsys.readouterr().out

    assert 3 == code
    assert "No verdict" in printed
    assert f"{WORDS_TEST} (cpu_time) not judged: skipped: the time budget of 0.001 s was spent" in printed


def test_one_revision_is_measured_into_a_file(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file holds commit, environment and raw measurements."""
    file = tmp_path / "result.json"
    code = main(["run", "head", "--repository", str(repository), "--output", str(file), "--json"])
    run = resultfile.read(file.read_bytes())

    assert 0 == code
    assert json.loads(capsys.readouterr().out)["run"]["commit"]["sha"] == run.commit.sha
    assert 2 == run.commit.generation
    assert run.samples[0].rounds
    assert run.environment.fields["cpu"]


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
