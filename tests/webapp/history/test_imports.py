"""An import stores every result once, in commit order, even if it is stopped and started again."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.paths import ROOT, SHARED
from tests.webapp.history.stored import sha
from webapp.history import models
from webapp.history.series import read

pytestmark = pytest.mark.django_db

COLUMNS = ["result", "params", "version"]


def result(number: int, **results: float | None) -> str:
    """Return an asv result file as asv 0.6 lays it out."""
    return json.dumps(
        {
            "commit_hash": sha(number),
            "date": 1_700_000_000_000 + number * 3_600_000,
            "params": {"machine": "m1"},
            "env_name": "py",
            "python": "3.12",
            "result_columns": COLUMNS,
            "results": {f"bench.time_{name}": [[value], [], "v1"] for name, value in results.items()},
            "version": 2,
        }
    )


def tree(root: Path, commits: int = 5) -> Path:
    folder = root / "results" / "m1"
    folder.mkdir(parents=True)
    for number in range(1, commits + 1):
        # The names' order is the reverse of the commits'.
        (folder / f"{99_999_999 - number:08d}-py.json").write_text(result(number, a=float(number), b=None))
    return root


def run_import(path: Path, *more: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("import_results", str(path), "--project", "p", "--json", *more, stdout=out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


def test_a_tree_is_imported_once(tmp_path: Path) -> None:
    """Everything is stored in commit order and marked as imported; a second import adds nothing and says so."""
    first = run_import(tree(tmp_path))
    assert 5 == first["created"]
    assert {
        "runs": 5,
        "values": 5,
        "failed": 5,
        "skipped": 0,
        "benchmarks": 2,
        "combinations": 2,
        "series": 1,
        "commits": 5,
        "environments": 1,
        "machines": 1,
    } == first["stored"]
    assert [1.0, 2.0, 3.0, 4.0, 5.0] == read(models.Series.objects.get()).values.tolist()
    assert 5 == models.Run.objects.filter(imported=True, processed_at=None).count()
    again = run_import(tmp_path)
    assert (again["created"], again["present"], again["stored"]) == (0, 5, first["stored"])


def test_refusals_name_file_and_reason(tmp_path: Path) -> None:
    """A file that should be a result and is not is listed; the rest is imported."""
    broken = tree(tmp_path) / "results/m1/00000000-py.json"
    broken.write_text(result(1, a=1.0)[:-9])
    document = run_import(tmp_path)
    assert 5 == document["created"]
    assert ["results/m1/00000000-py.json"] == [refusal["where"] for refusal in document["refused"]]
    assert document["refused"][0]["reason"]
    out = io.StringIO()
    call_command("import_results", str(tmp_path), "--project", "p", stdout=out)
    assert "refused: results/m1/00000000-py.json: " in out.getvalue()


def test_git_gives_the_order(tmp_path: Path) -> None:
    """With a clone, commits are in the order of git's graph, including commits that were imported without it."""
    repository = tmp_path / "repo"
    repository.mkdir()
    git(repository, "init", "-q")
    shas = []
    for number, hour in enumerate((5, 9, 1)):  # the clock runs backwards
        when = f"{1_700_000_000 + hour * 3_600} +0000"
        git(repository, "commit", "-q", "--allow-empty", "-m", f"c{number}", date=when)
        shas.append(git(repository, "rev-parse", "HEAD"))
    folder = tmp_path / "tree/m1"
    folder.mkdir(parents=True)
    for number, commit_sha in enumerate(shas):
        hour = (5, 9, 1)[number]
        document = {
            **json.loads(result(number, a=float(number))),
            "commit_hash": commit_sha,
            "date": (1_700_000_000 + hour * 3_600) * 1_000,
        }
        (folder / f"{commit_sha[:8]}-py.json").write_text(json.dumps(document))
    run_import(tmp_path / "tree")
    assert [2.0, 0.0, 1.0] == read(models.Series.objects.get()).values.tolist()
    models.Run.objects.update(processed_at="2026-01-01T00:00:00Z")
    run_import(tmp_path / "tree", "--repo", str(repository))
    assert [0.0, 1.0, 2.0] == read(models.Series.objects.get()).values.tolist()
    assert not models.Run.objects.exclude(processed_at=None).exists()
    assert "c0" == models.Commit.objects.get(sha=shas[0]).subject


def git(repository: Path, *arguments: str, date: str = "") -> str:
    environment = {**os.environ, "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date} if date else dict(os.environ)
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def test_a_killed_import_can_be_started_again(tmp_path: Path) -> None:
    """SIGKILL at any time loses at most one batch, and the next import counts nothing twice."""
    tree(tmp_path, commits=1_500)
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "PERFGATE_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "webapp.settings",
    }
    manage = [sys.executable, str(ROOT / "manage.py")]
    subprocess.run([*manage, "migrate", "-v0"], env=environment, cwd=tmp_path, check=True)
    command = [*manage, "import_results", str(tmp_path / "results"), "--project", "p", "--json"]
    database = tmp_path / "data" / "perfgate.sqlite3"
    started = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL)
    while started.poll() is None and stored_runs(database) < 100:
        time.sleep(0.01)
    started.send_signal(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL
    before = stored_runs(database)
    done = subprocess.run(command, env=environment, cwd=tmp_path, check=True, capture_output=True)
    document = json.loads(done.stdout)
    assert (document["created"], document["present"]) == (1_500 - before, before)
    assert (document["stored"]["runs"], document["stored"]["values"]) == (1_500, 1_500)
    with sqlite3.connect(database) as connection:
        lengths = connection.execute("SELECT sum(length(points)) FROM history_serieschunk").fetchone()
    connection.close()
    assert lengths == (1_500 * 14,)


def stored_runs(database: Path) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute("SELECT count(*) FROM history_run").fetchone()[0])
    finally:
        connection.close()


FACTS: dict[str, Any] = json.loads((SHARED / "facts.json").read_text()) if (SHARED / "facts.json").exists() else {}
SMALL = ("asv-example_results", "emg3d", "pennylane", "versioned-hdf5")


@pytest.mark.skipif(not FACTS, reason="the shared data are not beside this clone")
@pytest.mark.parametrize("name", SMALL)
def test_real_archives_are_stored_as_counted(name: str) -> None:
    """The stored counts of real histories equal counts that were taken independently."""
    facts = FACTS["asv"][f"{name}.tar.xz"]
    stored = run_import(SHARED / "asv" / f"{name}.tar.xz")["stored"]
    assert {
        "values": facts["finite"],
        "failed": facts["null"],
        "skipped": facts.get("nan", 0),
        "benchmarks": facts["benchmarks_in_results"],
        "commits": facts["commits"],
        "machines": facts["machines"],
        "runs": facts["result_files"],
    }.items() <= stored.items()


def test_an_archive_is_read_like_a_folder(tmp_path: Path) -> None:
    """An archive gives the same runs as the folder."""
    tree(tmp_path / "a")
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as archive:
        archive.add(tmp_path / "a", "a")
    assert 5 == run_import(tmp_path / "a.tar.xz")["created"]
    assert 0 == run_import(tmp_path / "a")["created"]
