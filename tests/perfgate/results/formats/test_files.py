"""Folders and archives give the same files, within limits, whatever is in them."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from pathlib import Path
from typing import Literal

import pytest

from perfgate.errors import InvalidResult
from perfgate.results.formats import files, find_results, read_results
from tests.paths import DATA
from tests.perfgate.results.formats.found import ASV, ASV_FILE, SESSION, found_in, refused_in


def pack(path: Path, members: dict[str, bytes]) -> Path:
    modes: dict[str, Literal["w:gz", "w:xz", "w:"]] = {".gz": "w:gz", ".xz": "w:xz"}
    with tarfile.open(path, modes.get(path.suffix, "w:")) as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_archives_are_read_in_any_order(tmp_path: Path, suffix: str) -> None:
    """An archive gives what the folder gives, though benchmarks.json comes after the results."""
    members = {
        f"x/results/sample/{ASV_FILE.name}": ASV_FILE.read_bytes(),
        "x/results/sample/machine.json": b'{"machine": "sample"}',
        "x/results/benchmarks.json": (ASV / "results/benchmarks.json").read_bytes(),
    }

    (found,) = found_in(pack(tmp_path / f"tree{suffix}", members))

    (plain,) = found_in(ASV)
    assert (plain.data, plain.context, plain.identity) == (found.data, found.context, found.identity)


@pytest.mark.parametrize(("suffix", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)])
def test_compressed_files(tmp_path: Path, suffix: str, compress: object) -> None:
    """A compressed file is read like the plain file: alone, in a folder and in an archive."""
    assert callable(compress)
    packed = tmp_path / f"tree/0001_a.json{suffix}"
    packed.parent.mkdir()
    packed.write_bytes(compress(SESSION.read_bytes()))
    archive = pack(tmp_path / "tree.tar", {f"tree/0001_a.json{suffix}": packed.read_bytes()})

    assert read_results(SESSION) == read_results(packed)
    assert ["0001_a.json"] == [found.name for found in found_in(packed.parent)]
    assert ["tree/0001_a.json"] == [found.name for found in found_in(archive)]
    assert [SESSION.read_bytes()] * 2 == [found_in(path)[0].data for path in (packed, archive)]


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.xz"])
def test_broken_archives(tmp_path: Path, suffix: str) -> None:
    """A truncated or invalid archive is an error with its name."""
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
    """A file or archive that decompresses to more than the limit is refused before it fills memory or disk."""
    bomb = tmp_path / "0001_bomb.json.xz"
    bomb.write_bytes(lzma.compress(b" " * 100_000))
    archive = pack(tmp_path / "tree.tar.xz", {"0001_a.json": b" " * 100_000, bomb.name: bomb.read_bytes()})

    monkeypatch.setattr(files, "MAX_FILE_BYTES", 50_000)
    assert ["larger than 50,000 bytes"] == [refusal.reason for refusal in refused_in(bomb)]
    assert 2 == len(refused_in(archive))
    monkeypatch.setattr(files, "MAX_ARCHIVE_BYTES", 50_000)
    with pytest.raises(InvalidResult, match="unpacks to more than 50,000 bytes"):
        list(find_results(archive))
    monkeypatch.setattr(files, "MAX_FILES", 1)
    with pytest.raises(InvalidResult, match="more than 1 files"):
        list(find_results(DATA))


def test_links_in_folders_are_not_followed(tmp_path: Path) -> None:
    """Links are not followed, because they can lead out of the folder or into a loop."""
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "0001_link.json").symlink_to(SESSION)

    assert [] == list(find_results(tmp_path))
