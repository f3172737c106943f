"""The recipe in docs/how-to/new-adapter.md works: its code is taken from the page and used."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from perfgate.cli import main
from perfgate.results import formats
from perfgate.results.formats import FoundRun, all_formats, find_results, read_results
from perfgate.results.records import Refusal
from tests import paths
from tests.paths import ROOT
from webapp.history import models, tokens
from webapp.history.series import read

PACKAGE = "perfgate.results.formats.stopwatch"
SAMPLE = "tests/data/stopwatch/1.0/ci-runner-0a1b2c3.csv"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Write the files of the recipe below a folder, and add its package to the formats."""
    text = (ROOT / "docs/how-to/new-adapter.md").read_text(encoding="utf-8")
    for path, content in re.findall(r"^```\w+\n# (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "perfgate/results/formats")])
    monkeypatch.setattr(paths, "DATA", tmp_path / "tests/data")
    all_formats.cache_clear()
    yield tmp_path
    all_formats.cache_clear()
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]
    del formats.stopwatch  # type: ignore[attr-defined]


def results(folder: Path, sample: Path, count: int) -> Path:
    """Write *count* stopwatch results of consecutive commits; the second half is slower."""
    folder.mkdir()
    for number in range(count):
        text = sample.read_text().replace("0a1b2c3d", f"{number:08x}").replace("03-01T12", f"03-{number + 1:02}T12")
        slower = text.replace("0.0031", "0.0062" if number >= count // 2 else f"0.0031{number}")
        (folder / f"ci-runner-{number:07x}.csv").write_text(slower)
    return folder


def test_the_recipes_own_test_passes(recipe: Path) -> None:
    """The test that the recipe shows passes with the code that it shows."""
    spec = importlib.util.spec_from_file_location(
        "recipe_test", recipe / "tests/perfgate/results/formats/stopwatch/test_reader.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    module.test_every_benchmark_is_read()
    (cases,) = module.test_a_malformed_file_is_refused.pytestmark
    for case in cases.args[1]:
        module.test_a_malformed_file_is_refused(*case)


def test_results_are_compared(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`perfgate compare` shows the change between two files of the new tool."""
    folder = results(recipe / "results", recipe / SAMPLE, 2)
    base, head = sorted(map(str, folder.iterdir()))

    assert 0 == main(["compare", base, head, "--json"])
    rows = {row["benchmark"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    assert 1.0 == pytest.approx(rows["sort[kind=list, n=1000]"]["effect"], rel=0.01)
    assert "failed in the baseline" == rows["parse"]["reason"]


def test_changes_are_found(recipe: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`perfgate changes` reads a folder of results, and a single CSV file as the tool's and not as a table of numbers."""
    folder = results(recipe / "results", recipe / SAMPLE, 24)

    assert 0 == main(["changes", str(folder), "--json"])
    found = {line["series"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert [12] == [point["index"] for point in found["sort[kind=list, n=1000]"]["change_points"]]
    assert 0 == main(["changes", str(recipe / SAMPLE), "--json"])
    assert "sort[kind=list, n=10]" in capsys.readouterr().out


def test_only_its_own_files_are_refused(recipe: Path) -> None:
    """A search reports a broken file with the tool's name, and ignores other CSV files and all files of other tools."""
    folder = results(recipe / "results", recipe / SAMPLE, 1)
    (folder / "ci-runner-fffffff.csv").write_text("stopwatches")
    (folder / "prices.csv").write_text("a,b\n1,2\n")

    found = list(find_results(recipe / "results"))

    assert ["stopwatch:ci-runner-0000000.csv"] == [item.identity for item in found if isinstance(item, FoundRun)]
    assert ["ci-runner-fffffff.csv"] == [item.where for item in found if isinstance(item, Refusal)]


@pytest.mark.django_db(transaction=True)
def test_a_file_is_uploaded(
    recipe: Path, live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`perfgate upload` sends a file of the new tool, and the server stores its values."""
    settings.BASE_URL = live_server.url
    project = models.Project.objects.create(slug="p")
    monkeypatch.setenv("PERFGATE_TOKEN", tokens.create(project, name="CI"))

    assert 0 == main(["upload", str(recipe / SAMPLE), "--server", live_server.url])
    run = models.Run.objects.get(project=project)
    assert ("stopwatch 1.0", 2, 1) == (run.tool, run.measured, run.failed)


@pytest.mark.django_db
def test_a_folder_is_imported(recipe: Path) -> None:
    """`manage.py import_results` stores every file of a folder once, also after the folder was moved."""
    folder = results(recipe / "results", recipe / SAMPLE, 4)
    stored = [run_import(folder), run_import(folder.rename(recipe / "moved"))]

    assert [(4, 0), (0, 4)] == [(document["created"], document["present"]) for document in stored]
    series = models.Series.objects.get(benchmark__label="sort[kind=list, n=1000]")
    assert [0.00310, 0.00311, 0.0062, 0.0062] == read(series).values.tolist()


def run_import(path: Path) -> Any:
    out = io.StringIO()
    call_command("import_results", str(path), "--project", "p", "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_result_is_read_like_any_other(recipe: Path) -> None:
    """A compressed file is read too, without anything in the adapter."""
    packed = recipe / "ci-runner-0a1b2c3.csv.gz"
    packed.write_bytes(gzip.compress((recipe / SAMPLE).read_bytes()))

    assert read_results(recipe / SAMPLE) == read_results(packed)
