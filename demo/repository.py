"""The demonstration's git project: a small library with two suites, a history, and a pull request with a regression."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

SOURCE = Path(__file__).with_name("project")
CODE = "textstats/words.py"

SLOW_COMMIT = "Fold case when counting words"
BRANCH = "strip-punctuation"

Edit = tuple[str, str, str, str]
"""Subject, file, text to replace (empty: append), replacement."""

HISTORY: tuple[Edit, ...] = (
    ("Describe the library", "README.md", "", "# textstats\n\nSmall statistics of texts.\n"),
    ("Say what a word is", "README.md", "", "\nA word is what stands between blanks.\n"),
    ("Add a license note", "README.md", "", "\nMIT license.\n"),
    ("Name the authors", "README.md", "", "\nWritten by its authors.\n"),
    ("Say what is counted", "README.md", "", "\nWords, characters and sentences are counted.\n"),
    ("Thank the readers", "README.md", "", "\nThanks to all readers.\n"),
    (
        "Count characters",
        CODE,
        "",
        '\n\ndef characters(text):\n    """Return the number of characters."""\n    return len(text)\n',
    ),
    (
        SLOW_COMMIT,
        CODE,
        "return Counter(words(text))",
        "return Counter(''.join(letter.casefold() for letter in word) for word in words(text))",
    ),
    ("Say that case does not count", "README.md", "", "\n`Fox` and `fox` are one word.\n"),
    (
        "Count lines",
        CODE,
        "",
        '\n\ndef lines(text):\n    """Return the number of lines."""\n    return text.count("\\n") + 1\n',
    ),
    ("Describe sentences", "README.md", "", "\nA sentence ends with a full stop.\n"),
    ("Show an example", "README.md", "", "\n    most_common('a rose is a rose')\n"),
    ("Mention where to ask", "README.md", "", "\nAsk in the issues.\n"),
    ("Say how to cite it", "README.md", "", "\nCite it by its name.\n"),
    ("Show how to count lines", "README.md", "", "\n    lines('one')\n"),
)
PULL_REQUEST: Edit = (
    "Strip punctuation from words",
    CODE,
    "return text.split()",
    'return ["".join(letter for letter in word if letter.isalnum()) for word in text.split()]',
)


def create(folder: Path) -> list[str]:
    """Create the repository in *folder* with its history on ``main`` and the pull request's branch.

    Returns:
        The shas on ``main``, oldest first.
    """
    shutil.copytree(SOURCE, folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    start = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) - timedelta(days=len(HISTORY) + 1)
    _commit(folder, "Count words and sentences", start)
    for day, edit in enumerate(HISTORY, 1):
        _apply(folder, edit)
        _commit(folder, edit[0], start + timedelta(days=day))
    shas = git(folder, "rev-list", "--reverse", "main").split()
    git(folder, "switch", "--quiet", "--create", BRANCH)
    _apply(folder, PULL_REQUEST)
    _commit(folder, PULL_REQUEST[0], start + timedelta(days=len(HISTORY) + 1))
    git(folder, "switch", "--quiet", "main")
    return shas


def git(folder: Path, *arguments: str, date: datetime | None = None) -> str:
    """Return what git prints; identity and dates do not depend on the user."""
    identity = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.org"}
    identity |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "PATH": "/usr/local/bin:/usr/bin:/bin"}
    if date:
        identity |= {"GIT_AUTHOR_DATE": date.isoformat(), "GIT_COMMITTER_DATE": date.isoformat()}
    done = subprocess.run(["git", "-C", folder, *arguments], env=identity, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _apply(folder: Path, edit: Edit) -> None:
    _, name, old, new = edit
    file = folder / name
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    assert old in text, f"{name} does not hold {old!r}"
    file.write_text(text.replace(old, new) if old else text + new, encoding="utf-8")


def _commit(folder: Path, subject: str, date: datetime) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", subject, date=date)
