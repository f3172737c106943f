"""What is kept is served for the commit it was built from, as it was built, to one user at a time; and not for ever."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from perfgate.measure.sides import cache
from perfgate.measure.sides.cache import Cache
from perfgate.measure.sides.checkout import check_out, workspace
from tests.perfgate.measure.conftest import Project


def built(folder: Path, text: str = "built") -> Path:
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "shop.whl").write_text(text)
    (folder / "__pycache__/shop.pyc").write_text("compiled")
    (folder / "link").symlink_to("shop.whl")
    return folder


def test_what_was_stored_is_fetched(tmp_path: Path) -> None:
    """Links included; under another key there is nothing."""
    kept = Cache(tmp_path / "cache")
    kept.store("wheel-1", built(tmp_path / "new"))

    assert kept.fetch("wheel-1", tmp_path / "found")
    assert (tmp_path / "found/shop.whl").read_text() == "built"
    assert (tmp_path / "found/link").is_symlink()
    assert not kept.fetch("wheel-2", tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("damage", ["changed", "added", "removed", "seal", "old"])
def test_a_damaged_entry_counts_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    """Whatever differs from what was stored; it is removed, so that it can be built and stored anew."""
    kept = Cache(tmp_path / "cache")
    kept.store("wheel-1", built(tmp_path / "new"))
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
        monkeypatch.setattr(cache, "MAX_AGE_SECONDS", 0.0)

    assert not kept.fetch("wheel-1", tmp_path / "found")
    assert not (tmp_path / "found").exists()
    assert not entry.exists()


def test_two_users_at_once_get_an_entry_each(tmp_path: Path, temporary: Path) -> None:  # noqa: ARG001
    """Of paths that are equally long; the first is free again when its workspace is gone, complete if it was sealed."""
    kept = Cache(tmp_path / "cache")
    with workspace() as one, workspace() as other:
        first, second = kept.claim("asv-base-1", one), kept.claim("asv-base-1", other)
        (first / "made").write_text("by the first")
        kept.seal(first)
    with workspace() as third:
        again = kept.claim("asv-base-1", third)

        assert first != second
        assert len(str(first)) == len(str(second))
        assert again == first
        assert (again / "made").read_text() == "by the first"


def test_a_claimed_entry_that_was_changed_is_empty(tmp_path: Path) -> None:
    """A benchmark may write into the environment that it runs in; only modules compiled since are no harm."""
    kept = Cache(tmp_path / "cache")
    for change in ("__pycache__/new.pyc", "new.py"):
        content = kept.claim("asv-base-1", tmp_path / "nobody")
        if not (content / "shop.whl").exists():
            content.rmdir()
            built(content)
            kept.seal(content)
        (content / change).write_text("written later")
        found = [path.name for path in kept.claim("asv-base-1", tmp_path / "nobody").iterdir()]
        assert ("shop.whl" in found) is (change != "new.py")


def test_the_longest_unused_entries_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is bounded in number and in size; an entry that is in use stays."""
    kept = Cache(tmp_path / "cache")
    with workspace() as user:
        used = kept.claim("asv-base-1", user)
        kept.seal(used)
        for number in range(4):
            kept.store(f"wheel-{number}", built(tmp_path / f"new{number}"))
            (entry,) = tmp_path.glob(f"cache/*/wheel-{number}")
            os.utime(entry / "seal.json", (number, number))
        monkeypatch.setattr(cache, "MAX_ENTRIES", 3)
        kept.store("wheel-4", built(tmp_path / "new4"))
        by_number = sorted(path.name for path in tmp_path.glob("cache/*/wheel-*"))
        monkeypatch.setattr(cache, "MAX_BYTES", 100)
        kept.store("wheel-5", built(tmp_path / "new5", text="x" * 70))

        assert by_number == ["wheel-2", "wheel-3", "wheel-4"]
        assert [path.name for path in tmp_path.glob("cache/*/wheel-*")] == ["wheel-5"]
        assert used.exists()


def test_the_folder_is_the_users_alone(tmp_path: Path) -> None:
    """Nobody else reads or writes what will be run."""
    Cache(tmp_path / "cache")

    (folder,) = (tmp_path / "cache").iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_written_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check on a machine without a home folder works all the same; it keeps nothing."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "file"))
    kept = Cache.of_user(tmp_path / "other")

    kept.store("wheel-1", built(tmp_path / "new"))

    assert kept.fetch("wheel-1", tmp_path / "found")
    assert list(tmp_path.glob("other/*/wheel-1"))


def test_the_key_is_all_that_a_build_sees(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another commit, interpreter, tag or compiler flag is another key; another checkout or CI job is not."""
    base, head = (project.git("rev-parse", role) for role in ("base", "head"))
    for name, sha in (("one", base), ("two", base), ("head", head)):
        check_out(project.path, sha, tmp_path / name)
    expected = cache.key("wheel", tmp_path / "one", base, "python 3")

    assert cache.key("wheel", tmp_path / "two", base, "python 3") == expected
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    assert cache.key("wheel", tmp_path / "one", base, "python 3") == expected
    others = {
        cache.key("wheel", tmp_path / "head", head, "python 3"),
        cache.key("wheel", tmp_path / "one", base, "3.1"),
    }
    monkeypatch.setenv("CFLAGS", "-O0")
    others.add(cache.key("wheel", tmp_path / "one", base, "python 3"))
    monkeypatch.delenv("CFLAGS")
    Project(tmp_path / "one").git("tag", "v2")
    others.add(cache.key("wheel", tmp_path / "one", base, "python 3"))
    assert len(others - {expected}) == 4


def test_a_checkout_of_a_copy_is_of_the_same_repository(project: Project, tmp_path: Path) -> None:
    """The canary measures a throw-away copy; a clone that shares nothing is a repository of its own."""
    base = project.git("rev-parse", "base")
    check_out(project.path, base, tmp_path / "one")
    check_out(tmp_path / "one", base, tmp_path / "copy")
    project.git("clone", "--quiet", "--no-hardlinks", str(project.path), str(tmp_path / "clone"))
    check_out(tmp_path / "clone", base, tmp_path / "cloned")
    keys = [cache.key("wheel", tmp_path / name, base) for name in ("one", "copy", "cloned")]

    assert keys[0] == keys[1] != keys[2]
