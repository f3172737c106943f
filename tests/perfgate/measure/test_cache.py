"""The user's cache folder: what is kept is found again, and nothing unsound is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from perfgate.measure import cache


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_what_is_kept_is_found_by_its_kind_and_key() -> None:
    """The same key finds it, another key or kind does not."""
    cache.keep("traces", "a", b"content")

    assert b"content" == cache.load("traces", "a")
    assert cache.load("traces", "b") is None
    assert cache.load("others", "a") is None


def test_the_folder_is_the_user_s_alone(place: Path) -> None:
    """Nobody else reads or writes there; a folder that others may write to is not trusted."""
    cache.keep("traces", "a", b"content")
    assert {0o700} == {folder.stat().st_mode & 0o777 for folder in (place, place / "traces")}

    (place / "traces").chmod(0o777)
    assert cache.load("traces", "a") is None


def test_a_damaged_entry_is_none(place: Path) -> None:
    """Cut short, or with one bit changed, it is not read; it can be made anew."""
    cache.keep("traces", "a", b"content" * 100)
    (entry,) = (place / "traces").iterdir()
    whole = entry.read_bytes()
    for damaged in (b"", whole[:-1], bytes([whole[0] ^ 1]) + whole[1:]):
        entry.write_bytes(damaged)
        assert cache.load("traces", "a") is None

    cache.keep("traces", "a", b"new")
    assert b"new" == cache.load("traces", "a")


def test_the_longest_unused_entries_are_dropped(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All entries together stay below the limit."""
    for name in ("a", "b"):
        cache.keep("traces", name, bytes(range(256)))
    entries = list((place / "traces").iterdir())
    for entry in entries:
        os.utime(entry, (1, 1))
    assert cache.load("traces", "a")  # which is a use
    monkeypatch.setattr(cache, "MAX_BYTES", sum(entry.stat().st_size for entry in entries))
    cache.keep("traces", "c", bytes(range(256)))

    assert [True, False, True] == [cache.load("traces", name) is not None for name in "abc"]


def test_a_folder_that_cannot_be_made_keeps_nothing(place: Path) -> None:
    """Where the cache is impossible, everything goes on without it."""
    place.write_text("a file")
    cache.keep("traces", "a", b"content")

    assert cache.load("traces", "a") is None


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Our own variable decides, then that of the desktop if it is absolute, then the home."""
    assert tmp_path / "cache" == cache.folder()
    monkeypatch.delenv("PERFGATE_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert tmp_path / ".cache/perfgate" == cache.folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert tmp_path / "xdg/perfgate" == cache.folder()
