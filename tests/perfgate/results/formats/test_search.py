"""Find results in files, folders and archives, and refuse what should be a result and is not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results import result_file
from perfgate.results.formats import find_results, read_results, read_run
from tests.paths import DATA
from tests.perfgate.results.formats.found import ASV, ASV_FILE, found_in, refused_in

ASV_IDENTITY = "asv:sample/be26e622-virtualenv-py3.12.json"


def test_every_file_of_ours_is_found_and_read() -> None:
    """All test data are found, and each run reads back equal from a result file."""
    all_found = found_in(DATA)

    assert 13 == len(all_found)
    assert [] == refused_in(DATA)
    for found in all_found:
        run = read_run(found.data, name=found.name, context=found.context)
        assert run == result_file.read(result_file.write(run))


def test_identities_and_positions() -> None:
    """Identities are distinct, and positions grow to the total: a progress bar ends at its end."""
    all_found = found_in(DATA)

    assert len(all_found) == len({found.identity for found in all_found})
    positions = [found.position for found in all_found]
    assert sorted(positions) == positions
    assert positions[-1] <= all_found[-1].total


def test_the_same_result_has_the_same_identity_wherever_it_is(tmp_path: Path) -> None:
    """The same file has the same identity in a tree that was moved and as a single file."""
    shutil.copytree(ASV, tmp_path / "repository/.asv")

    identities = [[found.identity for found in found_in(path)] for path in (ASV, tmp_path, ASV / "results", ASV_FILE)]

    assert [[ASV_IDENTITY]] * 4 == identities


def test_storage_folders_have_stable_identities(tmp_path: Path) -> None:
    """pytest-benchmark's storage gives the same identities from the repository, the storage folder and the file."""
    storage = tmp_path / "repository/.benchmarks"
    shutil.copytree(DATA / "pytest-benchmark/saved", storage)
    session = "Linux-CPython-3.12-64bit/0001_baseline.json"

    assert {session, "Linux-CPython-3.8-64bit/0001_baseline.json"} == {found.identity for found in found_in(tmp_path)}
    assert {found.identity for found in found_in(storage)} == {found.identity for found in found_in(tmp_path)}
    assert [session] == [found.identity for found in found_in(storage / session)]


def test_two_trees_with_one_name_stay_apart(tmp_path: Path) -> None:
    """Two trees in one folder can have equal machines and file names; both runs are kept."""
    for root in ("a", "b"):
        shutil.copytree(ASV, tmp_path / root)

    identities = [found.identity for found in found_in(tmp_path)]

    assert [ASV_IDENTITY, f"{ASV_IDENTITY} in b/results/sample/{ASV_FILE.name}"] == identities


def test_a_history_is_many_runs(tmp_path: Path) -> None:
    """Each run of a data.js is found by itself; the whole file is not one run."""
    run = {"commit": {"id": "a" * 40}, "date": 1, "tool": "go", "benches": [{"name": "b", "value": 1, "unit": "ns"}]}
    path = tmp_path / "data.js"
    path.write_text("window.BENCHMARK_DATA = " + json.dumps({"entries": {"Go": [run, run]}}))

    all_found = found_in(tmp_path)

    assert [f"data.js:Go/{'a' * 40}/1", f"data.js:Go/{'a' * 40}/1#2"] == [found.identity for found in all_found]
    assert {1} == {len(read_run(found.data, name=found.name).samples) for found in all_found}
    with pytest.raises(UnknownFormat, match="import_results"):
        read_results(path)


def test_only_what_should_be_a_result_is_refused(tmp_path: Path) -> None:
    """Files named like results but unreadable are listed with their reason; other JSON is ignored."""
    files = {
        "sample/aaaaaaaa-py.json": b"{ not JSON",
        "sample/bbbbbbbb-py.json": b'{"version": 1}',
        "sample/machine.json": b"{}",
        "benchmarks.json": b"[]",
        "0001_x.json": b"",
        "package.json": b'{"name": "x"}',
        "notes.txt": b"0001",
        "data.js": b"window.BENCHMARK_DATA = {",
        "env/pyvenv.cfg": b"",
        "env/0001_x.json": b"",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)

    refused = {refusal.where: refusal.reason for refusal in refused_in(tmp_path)}

    assert {"sample/aaaaaaaa-py.json", "sample/bbbbbbbb-py.json", "benchmarks.json", "0001_x.json", "data.js"} == (
        set(refused)
    )
    assert refused["sample/aaaaaaaa-py.json"].startswith("not JSON: ")
    assert refused["sample/bbbbbbbb-py.json"].startswith("JSON, but no result ")
    assert [] == found_in(tmp_path)


def test_an_unreadable_file_alone_is_refused(tmp_path: Path) -> None:
    """A single file is refused with a reason, whatever its name is."""
    path = tmp_path / "anything.txt"
    path.write_bytes(b"\xff\xfe")

    assert 1 == len(refused_in(path))
    with pytest.raises(UnknownFormat):
        read_results(path)


@pytest.mark.parametrize("name", ["missing.json", "missing.tar.xz", "missing"])
def test_missing_paths(tmp_path: Path, name: str) -> None:
    """A path that is not there is an error, not an empty result."""
    with pytest.raises(InvalidResult, match="no such file"):
        list(find_results(tmp_path / name))
    with pytest.raises(InvalidResult, match="no such file"):
        read_results(tmp_path / name)


def test_companions_are_not_opened(tmp_path: Path) -> None:
    """A file that a tool writes beside its results is ignored, even if it cannot be read."""
    (tmp_path / "machine.json.gz").write_bytes(b"broken")
    (tmp_path / "other.json.gz").write_bytes(b"broken")

    assert ["other.json"] == [refusal.where for refusal in refused_in(tmp_path)]
