"""Find results in files, folders and archives, and refuse what is none."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import shutil
import tarfile
from pathlib import Path
from typing import Literal

import pytest

from perfgate.errors import InvalidResult, UnknownFormat
from perfgate.results import result_file
from perfgate.results.formats import ADAPTERS, Found, find_results, read_results, read_run, sources
from perfgate.results.records import Refusal
from tests.paths import DATA

ASV = DATA / "asv/0.6.6"
ASV_FILE = ASV / "results/sample/be26e622-virtualenv-py3.12.json"
ASV_KEY = "asv:sample/be26e622-virtualenv-py3.12.json"
SESSION = DATA / "pytest-benchmark/5.3.1-with-data.json"


def found_in(path: Path) -> list[Found]:
    return [found for found in find_results(path) if isinstance(found, Found)]


def refused_in(path: Path) -> list[Refusal]:
    return [found for found in find_results(path) if isinstance(found, Refusal)]


def pack(path: Path, members: dict[str, bytes]) -> Path:
    modes: dict[str, Literal["w:gz", "w:xz", "w:"]] = {".gz": "w:gz", ".xz": "w:xz"}
    with tarfile.open(path, modes.get(path.suffix, "w:")) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_every_file_of_ours_is_found_and_read() -> None:
    """Everything in our own data is found, and each run reads back equal through the result file."""
    found = found_in(DATA)

    assert 11 == len(found)
    assert [] == refused_in(DATA)
    for one in found:
        run = read_run(one.data, name=one.name, context=one.context)
        assert run == result_file.read(result_file.write(run))


def test_keys_and_positions() -> None:
    """Keys are distinct, and positions grow to the total: a progress bar ends at its end."""
    found = found_in(DATA)

    assert len(found) == len({one.key for one in found})
    positions = [one.position for one in found]
    assert sorted(positions) == positions
    assert positions[-1] <= found[-1].total


@pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.__name__)
def test_recognition_is_exclusive(adapter: object) -> None:
    """No file is recognised by two adapters."""
    for one in found_in(DATA):
        taken = [other for other in ADAPTERS if other.recognise(one.data)]
        assert len(taken) <= 1
    assert adapter in ADAPTERS


def test_the_same_result_has_the_same_key_wherever_it_lies(tmp_path: Path) -> None:
    """A later import of the same tree from another place, or of one file of it, replaces instead of doubling."""
    shutil.copytree(ASV, tmp_path / "repository/.asv")

    keys = [[one.key for one in found_in(path)] for path in (ASV, tmp_path, ASV / "results", ASV_FILE)]

    assert [[ASV_KEY]] * 4 == keys


def test_storage_folders_have_stable_keys(tmp_path: Path) -> None:
    """pytest-benchmark's storage gives the same keys from the repository, the storage folder and the file."""
    storage = tmp_path / "repository/.benchmarks"
    shutil.copytree(DATA / "pytest-benchmark/saved", storage)
    one = "Linux-CPython-3.12-64bit/0001_baseline.json"

    assert {one, "Linux-CPython-3.8-64bit/0001_baseline.json"} == {found.key for found in found_in(tmp_path)}
    assert {found.key for found in found_in(storage)} == {found.key for found in found_in(tmp_path)}
    assert [one] == [found.key for found in found_in(storage / one)]


def test_two_trees_with_one_name_stay_apart(tmp_path: Path) -> None:
    """Two result trees in one repository may name machine and file alike; both are kept."""
    for root in ("a", "b"):
        shutil.copytree(ASV, tmp_path / root)

    keys = [one.key for one in found_in(tmp_path)]

    assert [ASV_KEY, f"{ASV_KEY} in b/results/sample/{ASV_FILE.name}"] == keys


def test_a_file_alone_finds_its_context() -> None:
    """One asv result alone is read with the benchmarks.json above it: the parameters have their names."""
    run = read_results(ASV_FILE)

    assert any("kind" in sample.benchmark.parameters for sample in run.samples)
    (found,) = found_in(ASV_FILE)
    assert run == read_run(found.data, name=found.name, context=found.context)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_archives_are_read_in_any_order(tmp_path: Path, suffix: str) -> None:
    """An archive gives what the folder gives, though benchmarks.json comes after the results."""
    members = {
        f"x/results/sample/{ASV_FILE.name}": ASV_FILE.read_bytes(),
        "x/results/sample/machine.json": b'{"machine": "sample"}',
        "x/results/benchmarks.json": (ASV / "results/benchmarks.json").read_bytes(),
    }

    (found,) = find_results(pack(tmp_path / f"tree{suffix}", members))

    assert isinstance(found, Found)
    (plain,) = found_in(ASV)
    assert (plain.data, plain.context, plain.key) == (found.data, found.context, found.key)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_packed_files(tmp_path: Path, suffix: str, compress: object) -> None:
    """A packed file is the file: alone, in a folder and in an archive."""
    assert callable(compress)
    packed = tmp_path / f"tree/0001_a.json{suffix}"
    packed.parent.mkdir()
    packed.write_bytes(compress(SESSION.read_bytes()))
    archive = pack(tmp_path / "tree.tar", {f"tree/0001_a.json{suffix}": packed.read_bytes()})

    assert read_results(SESSION) == read_results(packed)
    assert ["0001_a.json"] == [found.name for found in found_in(packed.parent)]
    assert ["tree/0001_a.json"] == [found.name for found in found_in(archive)]
    assert [SESSION.read_bytes()] * 2 == [found_in(path)[0].data for path in (packed, archive)]


def test_a_history_is_many_runs(tmp_path: Path) -> None:
    """Each run of a data.js is found by itself; the whole file is not one run."""
    run = {"commit": {"id": "a" * 40}, "date": 1, "tool": "go", "benches": [{"name": "b", "value": 1, "unit": "ns"}]}
    path = tmp_path / "data.js"
    path.write_text("window.BENCHMARK_DATA = " + json.dumps({"entries": {"Go": [run, run]}}))

    found = found_in(tmp_path)

    assert [f"data.js:Go/{'a' * 40}/1", f"data.js:Go/{'a' * 40}/1#2"] == [one.key for one in found]
    assert {1} == {len(read_run(one.data, name=one.name).samples) for one in found}
    with pytest.raises(UnknownFormat, match="import_results"):
        read_results(path)


def test_only_what_should_be_a_result_is_refused(tmp_path: Path) -> None:
    """Files named like results but unreadable are listed with their reason; other JSON is none of our business."""
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
    """A file handed over by name is refused with a reason, whatever it is called."""
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


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_broken_archives(tmp_path: Path, suffix: str) -> None:
    """A cut or false archive is an error with its name."""
    path = pack(tmp_path / f"whole{suffix}", {"0001_a.json": SESSION.read_bytes()})
    for number, data in enumerate((path.read_bytes()[:200], b"no archive at all", b"")):
        broken = tmp_path / f"broken{number}{suffix}"
        broken.write_bytes(data)
        with pytest.raises(InvalidResult, match="broken"):
            list(find_results(broken))


def test_tricks_in_archives(tmp_path: Path) -> None:
    """Paths out of the archive are refused, links and devices passed over, and names made printable."""
    path = tmp_path / "tricks.tar"
    with tarfile.open(path, "w") as archive:
        for name in ("../0001_up.json", "/0001_root.json", "a/0001_\x1b[31m\udcff.json"):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"{"))
        link = tarfile.TarInfo("0001_link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    refused = {refusal.where: refusal.reason for refusal in refused_in(path)}

    assert {"../0001_up.json", "/0001_root.json", "a/0001_\ufffd[31m\\udcff.json"} == set(refused)
    assert "its path leads out of the archive" == refused["../0001_up.json"]


def test_size_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to too much is refused before it fills memory or disk."""
    bomb = tmp_path / "0001_bomb.json.xz"
    bomb.write_bytes(lzma.compress(b" " * 100_000))
    archive = pack(tmp_path / "tree.tar.xz", {"0001_a.json": b" " * 100_000, bomb.name: bomb.read_bytes()})

    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 50_000)
    assert ["larger than 50,000 bytes"] == [refusal.reason for refusal in refused_in(bomb)]
    assert 2 == len(refused_in(archive))
    monkeypatch.setattr(sources, "MAX_ARCHIVE_BYTES", 50_000)
    with pytest.raises(InvalidResult, match="unpacks to more than 50,000 bytes"):
        list(find_results(archive))
    monkeypatch.setattr(sources, "MAX_FILES", 1)
    with pytest.raises(InvalidResult, match="more than 1 files"):
        list(find_results(DATA))


@pytest.mark.parametrize(
    "data",
    [
        b'{"commit_hash": "aaaaaaaa", "results": {"time_a": {"result": [' + b"0," * 250_000 + b"0]}}}",
        b'{"machine_info": {}, "benchmarks": [' + b'{"fullname": "a"},' * 250_000 + b'{"fullname": "a"}]}',
        b'{"github_action_benchmark":1,"entry":"e","bench":{"commit":{"id":"aaaaaaaa"},"benches":['
        + b"0," * 250_000
        + b"0]}}",
    ],
    ids=["asv", "pytest-benchmark", "github-action-benchmark"],
)
def test_too_many_samples(data: bytes) -> None:
    """A small file cannot become millions of records."""
    with pytest.raises(InvalidResult, match="250,001 samples, more than 250,000"):
        read_run(data, name="upload")


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    """A link may lead anywhere, into a loop even: only files that stand in the folder are read."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "0001_link.json").symlink_to(SESSION)

    assert [] == list(find_results(tmp_path))


@pytest.mark.parametrize("path", [DATA, ASV / "results"])
def test_a_folder_is_no_result(path: Path) -> None:
    """Reading one result from a folder names the way out."""
    with pytest.raises(UnknownFormat, match="name a file in it"):
        read_results(path)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[" * 200_000, b'{"machine_info": ', b'"commit_hash" "results"', b"\x00", b"window.BENCHMARK_DATA = 3"]
)  # fmt: skip
def test_nothing_crashes(data: bytes) -> None:
    """Whatever bytes are uploaded, the answer is a run or an InvalidResult."""
    with pytest.raises(InvalidResult):
        read_run(data, name="upload")
