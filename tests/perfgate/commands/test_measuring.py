"""`perfgate run` and `perfgate check` on a real repository with a real suite."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from perfgate import gate, resultfile
from perfgate.cli import main
from perfgate.gate import Verdict

CODE = (
    "def total(count):\n    result = 0\n    for number in range(count):\n        result += number\n    return result\n"
)
SLOWER = CODE.replace("    return", "    for number in range(count):\n        result -= number\n    return")
SUITE = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 20_000)\n"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(path), *identity, *arguments], check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    (path / "benchmarks").mkdir()
    (path / "benchmarks/test_shop.py").write_text(SUITE)
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
    code = main(["check", "base", "base", "--repository", str(repository)])
    printed = capsys.readouterr().out

    assert 0 == code
    assert "within budget" in printed
    assert "could have seen" in printed


def test_a_change_that_reaches_no_benchmark_passes_unmeasured(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Prose cannot slow code down: nothing is measured, and what was assumed is said."""
    code = main(["check", "head", "docs", "--repository", str(repository), "--affected-only", "--json"])
    verdict = msgspec.json.decode(capsys.readouterr().out, type=Verdict)

    assert 0 == code
    assert ("benchmarks/test_shop.py::test_total",) == verdict.exempt
    assert () == verdict.rows
    assert verdict.notes


def test_a_change_that_reaches_a_benchmark_is_measured(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what the change cannot reach is left out."""
    code = main(["check", "base", "head", "--repository", str(repository), "--affected-only", "--json"])

    assert 1 == code
    assert () == msgspec.json.decode(capsys.readouterr().out, type=Verdict).exempt


def test_a_time_budget_certifies_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Out of time is undecidable, code 3, and says so."""
    code = main(["check", "base", "base", "--repository", str(repository), "--time-budget", "0.001s"])

    assert 3 == code
    assert "No verdict" in capsys.readouterr().out


def test_one_revision_is_measured_into_a_file(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file holds commit, environment, raw measurements, and the policy that stands beside the measured code."""
    file = tmp_path / "result.json"
    code = main(["run", "head", "--repository", str(repository), "--output", str(file), "--json"])
    run = resultfile.read(file.read_bytes())

    assert 0 == code
    assert json.loads(capsys.readouterr().out)["run"]["commit"]["sha"] == run.commit.sha
    assert 2 == run.commit.generation
    assert run.samples[0].rounds
    assert run.environment.fields["cpu"]
    assert run.policy is not None
    assert ("900%" in run.policy.text, run.commit.sha) == (True, run.policy.revision)


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
