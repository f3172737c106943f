"""`perfgate bisect` on real repositories with a planted slowdown."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfgate.cli import main

CODE = (
    "def total(count):\n    result = 0\n    for number in range(count):\n        result += number\n    return result\n"
)
SLOWER = CODE.replace("    return", "    for number in range(count):\n        result -= number\n    return")
BROKEN = "import no_such_module\n"
SUITE = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 5_000)\n"
LABEL = "benchmarks/test_shop.py::test_total"
CULPRIT, UNBUILDABLE, LAST = 11, 8, 16


class Shop:
    """Commits v0 to v16: v11 merges the slow one, v8 cannot be imported, and the benchmark came with v3."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=main", str(path))
        for number in range(LAST + 1):
            if number == CULPRIT:
                self.merge_a_slow_branch()
            code = SLOWER if number >= CULPRIT else BROKEN if number == UNBUILDABLE else CODE
            files = {"shop.py": f"{code}# {number}\n", "benchmarks/test_shop.py": SUITE if number >= 3 else ""}
            if number != CULPRIT:
                self.commit(f"Edit {number}", files)
            self.git("tag", f"v{number}")

    def merge_a_slow_branch(self) -> None:
        self.git("checkout", "--quiet", "-b", "topic", "v9")
        self.commit("Count down again", {"shop.py": f"{SLOWER}# topic\n"})
        self.git("checkout", "--quiet", "main")
        self.git("merge", "--quiet", "--no-ff", "--strategy-option=theirs", "--message", "Merge topic", "topic")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        where = [] if arguments[0] == "init" else ["-C", str(self.path)]
        command = ["git", *where, *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, subject: str, files: dict[str, str]) -> None:
        for name, content in files.items():
            (self.path / name).parent.mkdir(exist_ok=True)
            (self.path / name).write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("bisected") / "shop")


@pytest.fixture(autouse=True)
def _no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own test run names Django settings that the measured project does not have."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)


def test_a_planted_slowdown_is_found(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """The commit is named with its author and effect, though one on the way does not work and the benchmark is newer."""
    code = main(["bisect", "v0", "main", "--repository", str(shop.path), "--json"])
    printed = capsys.readouterr()
    found = json.loads(printed.out)
    best = found["suspects"][0]

    assert (0, "found") == (code, found["outcome"]), found
    assert shop.git("rev-parse", f"v{CULPRIT}") == best["sha"]
    assert ("Ada", "Merge topic") == (best["author"], best["subject"])
    assert best["probability"] >= 0.95
    assert 0.3 < best["low"] < best["effect"] < best["high"]
    assert [shop.git("rev-parse", name) for name in ("v9", "topic")] == found["merged"]
    assert [f"Edit {UNBUILDABLE}"] == [commit["subject"] for commit in found["skipped"]]
    assert len(found["measured"]) <= 7
    assert "16 commits are suspect: about 4 to measure, 8 at most" in printed.err


def test_the_answer_is_told_in_words(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Commit, author, subject, effect and probability; for a merge, how to search the branch that it brought in."""
    code = main(["bisect", "v10", "v11", "--repository", str(shop.path), "--select", LABEL])
    printed = capsys.readouterr().out

    assert 0 == code
    assert f"{shop.git('rev-parse', 'v11')[:10]} made {LABEL} slower: +" in printed
    assert "Ada: Merge topic" in printed
    assert "\nprobability " in printed
    assert f"perfgate bisect {shop.git('rev-parse', 'v9')[:10]} {shop.git('rev-parse', 'topic')[:10]}" in printed


def test_no_slowdown_is_no_culprit(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Where the bad end is not slower, nothing is narrowed down: code 3."""
    code = main(["bisect", "v4", "v5", "--repository", str(shop.path), "--json"])

    assert 3 == code
    assert "nothing" == json.loads(capsys.readouterr().out)["outcome"]


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [("v5", "v4", "no ancestor"), ("v5", "v5", "same commit"), ("nowhere", "v5", "nowhere")],
)
def test_ends_that_span_no_range_are_an_error(
    shop: Shop, capsys: pytest.CaptureFixture[str], good: str, bad: str, said: str
) -> None:
    """Code 2, and what is wrong with them."""
    assert 2 == main(["bisect", good, bad, "--repository", str(shop.path)])
    assert said in capsys.readouterr().err


def test_a_pattern_that_selects_nothing_is_an_error(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Code 2 and the pattern, rather than "nothing got slower"."""
    assert 2 == main(["bisect", "v4", "v5", "--repository", str(shop.path), "--select", "*typo*"])
    assert "*typo*" in capsys.readouterr().err


def test_a_killed_search_leaves_nothing_behind(shop: Shop, tmp_path: Path) -> None:
    """SIGTERM while a commit is measured ends its processes and removes its folder."""
    variables = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "perfgate", "bisect", "v9", "v12", "--repository", str(shop.path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=variables, text=True)
    assert process.stderr is not None
    while "suspect" not in process.stderr.readline():
        assert process.poll() is None
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("*/head_env")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)

    assert 128 + signal.SIGTERM == process.returncode
    assert [] == list(tmp_path.iterdir())
    assert [] == [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
