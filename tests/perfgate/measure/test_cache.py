"""An entry is found again as it was stored, by one user at a time; anything else counts as absent."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path

import pytest

from perfgate.measure import cache
from perfgate.measure.cache import BUILDS, TRACES, Cache, Limits, cache_folder, user_cache
from perfgate.measure.workspaces import workspace


def built(folder: Path, text: str = "built") -> Path:
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "shop.whl").write_text(text)
    (folder / "__pycache__/shop.pyc").write_text("compiled")
    (folder / "link").symlink_to("shop.whl")
    return folder


def limit(monkeypatch: pytest.MonkeyPatch, name: str, **limits: float) -> None:
    unlimited = {"entries": math.inf, "size_bytes": math.inf, "age_seconds": math.inf}
    monkeypatch.setitem(cache.LIMITS, name, Limits(**{**unlimited, **limits}))


def test_a_stored_folder_is_fetched(tmp_path: Path) -> None:
    """Its links are kept; under another key there is nothing."""
    builds = Cache(BUILDS, tmp_path / "cache")
    builds.store("wheel-1", built(tmp_path / "new"))

    assert builds.fetch("wheel-1", tmp_path / "found")
    assert "built" == (tmp_path / "found/shop.whl").read_text()
    assert (tmp_path / "found/link").is_symlink()
    assert not builds.fetch("wheel-2", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["changed", "added", "removed", "seal", "old"])
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    """An entry that differs from what was stored, or is too old, is removed, so that it can be stored again."""
    builds = Cache(BUILDS, tmp_path / "cache")
    builds.store("wheel-1", built(tmp_path / "new"))
    (entry,) = tmp_path.glob("cache/*/wheel-1")
    if damage == "changed":
        (entry / "content/shop.whl").write_text("other")
    elif damage == "added":
        (entry / "content/more.whl").write_text("other")
    elif damage == "removed":
        (entry / "content/shop.whl").unlink()
    elif damage == "seal":
        (entry / "seal.json").write_text("{")
    else:
        limit(monkeypatch, BUILDS, age_seconds=0.0)
        builds = Cache(BUILDS, tmp_path / "cache")

    assert not builds.fetch("wheel-1", tmp_path / "found")
    assert not (tmp_path / "found").exists()
    assert not entry.exists()


def test_saved_bytes_are_loaded(tmp_path: Path) -> None:
    """The same key in the same cache finds them; another key or cache does not. A key may be longer than a file name."""
    traces, builds = Cache(TRACES, tmp_path), Cache(BUILDS, tmp_path)
    traces.save("key" * 1000, b"value")
    traces.save("other", b"first")
    traces.save("other", b"second")

    assert b"value" == traces.load("key" * 1000)
    assert b"second" == traces.load("other")
    assert traces.load("missing") is None
    assert builds.load("other") is None


def test_damaged_bytes_are_not_loaded(tmp_path: Path) -> None:
    """Bytes that were cut short or changed count as absent, and can be saved again."""
    traces = Cache(TRACES, tmp_path)
    traces.save("a", b"value" * 100)
    (value,) = tmp_path.glob("*/*/content/value")
    whole = value.read_bytes()
    for damaged in (b"", whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]):
        value.write_bytes(damaged)
        assert traces.load("a") is None

    traces.save("a", b"new")
    assert b"new" == traces.load("a")


def test_the_least_recently_used_bytes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading counts as a use; all entries together stay below the limit."""
    traces = Cache(TRACES, tmp_path)
    for name in ("a", "b"):
        traces.save(name, bytes(range(256)))
    for seal in tmp_path.glob("*/*/seal.json"):
        os.utime(seal, (1, 1))
    assert traces.load("a")
    size = sum(value.stat().st_size for value in tmp_path.glob("*/*/content/value"))
    limit(monkeypatch, TRACES, size_bytes=size)
    Cache(TRACES, tmp_path).save("c", bytes(range(256)))

    assert [True, False, True] == [traces.load(name) is not None for name in "abc"]


def test_two_simultaneous_users_get_an_entry_each(tmp_path: Path, temporary: Path) -> None:  # noqa: ARG001
    """Their paths are equally long. A sealed entry is free again when its workspace is gone."""
    builds = Cache(BUILDS, tmp_path / "cache")
    with workspace() as user, workspace() as other_user:
        first, second = builds.claim("asv-base-1", user), builds.claim("asv-base-1", other_user)
        (first / "made").write_text("by the first")
        builds.seal(first)
    with workspace() as third_user:
        again = builds.claim("asv-base-1", third_user)

        assert first != second
        assert len(str(first)) == len(str(second))
        assert first == again
        assert "by the first" == (again / "made").read_text()


def test_a_claimed_entry_that_was_changed_is_empty(tmp_path: Path) -> None:
    """A benchmark may write into the environment that it runs in; only modules compiled since are harmless."""
    builds = Cache(BUILDS, tmp_path / "cache")
    for change in ("__pycache__/new.pyc", "new.py"):
        content = builds.claim("asv-base-1", tmp_path / "nobody")
        if not (content / "shop.whl").exists():
            content.rmdir()
            built(content)
            builds.seal(content)
        (content / change).write_text("written later")
        found = [path.name for path in builds.claim("asv-base-1", tmp_path / "nobody").iterdir()]
        assert ("shop.whl" in found) is (change != "new.py")


def test_the_least_recently_used_folders_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number and the size of entries are limited; an entry that is in use stays."""
    builds = Cache(BUILDS, tmp_path / "cache")
    with workspace() as user:
        used = builds.claim("asv-base-1", user)
        builds.seal(used)
        for number in range(4):
            builds.store(f"wheel-{number}", built(tmp_path / f"new{number}"))
            (entry,) = tmp_path.glob(f"cache/*/wheel-{number}")
            os.utime(entry / "seal.json", (number, number))
        limit(monkeypatch, BUILDS, entries=3)
        Cache(BUILDS, tmp_path / "cache").store("wheel-4", built(tmp_path / "new4"))
        by_number = sorted(path.name for path in tmp_path.glob("cache/*/wheel-*"))
        limit(monkeypatch, BUILDS, entries=3, size_bytes=100)
        Cache(BUILDS, tmp_path / "cache").store("wheel-5", built(tmp_path / "new5", text="x" * 70))

        assert ["wheel-2", "wheel-3", "wheel-4"] == by_number
        assert ["wheel-5"] == [path.name for path in tmp_path.glob("cache/*/wheel-*")]
        assert used.exists()


def test_only_the_user_can_write_to_the_folder(tmp_path: Path) -> None:
    """A cache is made with mode 0700; one that others can write to, or that is no folder, is refused."""
    Cache(TRACES, tmp_path / "cache")
    (folder,) = (tmp_path / "cache").iterdir()
    assert {0o700} == {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "cache", folder)}

    for mode in (0o777, 0o770):
        folder.chmod(mode)
        with pytest.raises(PermissionError, match="only its owner can write to"):
            Cache(TRACES, tmp_path / "cache")
    folder.rmdir()
    folder.symlink_to(tmp_path)
    with pytest.raises(OSError, match="only its owner can write to"):
        Cache(TRACES, tmp_path / "cache")


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without a usable cache folder everything works; the entries live in the fallback folder."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "file"))
    builds = user_cache(BUILDS, fallback=tmp_path / "other")

    builds.store("wheel-1", built(tmp_path / "new"))

    assert builds.fetch("wheel-1", tmp_path / "found")
    assert list(tmp_path.glob("other/*/wheel-1"))


def test_where_the_cache_folder_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """PERFGATE_CACHE_DIR comes first, then XDG_CACHE_HOME if it is absolute, then the home folder."""
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    assert tmp_path / "cache" == cache_folder()
    monkeypatch.delenv("PERFGATE_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert tmp_path / ".cache/perfgate" == cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg/perfgate" == cache_folder()
