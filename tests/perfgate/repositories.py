"""Small real repositories with a benchmark suite, for the tests of the use cases and of the subcommands."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from perfgate.gate import Verdict
from perfgate.gate.document import from_document

CODE = (
    "def total(count):\n    result = 0\n    for number in range(count):\n        result += number\n    return result\n"
)
SLOWER = CODE.replace("    return", "    for number in range(count):\n        result -= number\n    return")
SUITE = "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total, 20_000)\n"
WORDS = "import words\n\ndef test_words(benchmark):\n    benchmark(words.words, 'a b ' * 2_000)\n"
TOTAL_TEST, WORDS_TEST = "benchmarks/test_shop.py::test_total", "benchmarks/test_words.py::test_words"


def make_repository(path: Path, files: dict[str, str], commits: dict[str, dict[str, str]]) -> Path:
    """Make a repository of *files*, with a tagged commit for each entry of *commits*, which adds or changes files."""

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(path), *identity, *arguments], check=True, capture_output=True)

    path.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", "--initial-branch=main")
    for tag, changed in commits.items():
        for name, text in {**files, **changed}.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text)
        files = {}
        git("add", "--all")
        git("commit", "--quiet", "--message", tag)
        git("tag", tag)
    return path


def make_shop(path: Path) -> Path:
    """Make a repository whose ``head`` is twice as slow as its ``base``, and whose ``docs`` changes prose only."""
    return make_repository(
        path,
        {
            "benchmarks/test_shop.py": SUITE,
            "benchmarks/test_words.py": WORDS,
            "words.py": "def words(text):\n    return text.split()\n",
            "perfgate.toml": '[[budget]]\nmax_regression = "10%"\n',
        },
        {
            "base": {"shop.py": CODE},
            "head": {"shop.py": SLOWER, "perfgate.toml": '[[budget]]\nmax_regression = "900%"\n'},
            "docs": {"README.md": "A shop.\n"},
        },
    )


BENCH = "def test_it(benchmark):\n    benchmark(sum, [1])\n"
ACTION = f"perfgate/perfgate@{'0123456789' * 4}"


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def write(folder: Path, name: str, text: str = "") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def make_project_without_perfgate(folder: Path) -> Path:
    """Make a repository with one benchmark, on the branch ``trunk``, that perfgate is not set up in."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk")
    write(folder, "tests/test_bench.py", BENCH)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Begin")
    return folder


def read_verdict(printed: str) -> Verdict:
    """Return the verdict that a subcommand printed with --json."""
    return from_document(json.loads(printed))
