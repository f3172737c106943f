"""A workspace is removed when its block is left, and one that a killed process left is removed by the next."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from perfgate.measure.workspaces import PREFIX, is_in_use, workspace, workspace_of


@pytest.mark.parametrize("exception", [KeyError, KeyboardInterrupt, SystemExit])
def test_a_workspace_is_removed_after_any_exception(temporary: Path, exception: type[BaseException]) -> None:
    """Also when its content was made read-only, and after Ctrl-C."""

    def fail() -> None:
        with workspace() as folder:
            (folder / "locked").mkdir()
            (folder / "locked/file").write_text("")
            (folder / "locked").chmod(0o500)
            raise exception

    with pytest.raises(exception):
        fail()

    assert not list(temporary.iterdir())


def test_abandoned_workspaces_are_removed(temporary: Path) -> None:
    """An old workspace whose lock is free is removed; one in use and a new one stay."""
    for name, age_seconds in (("dead", 1000), ("held", 1000), ("new", 0)):
        folder = temporary / f"{PREFIX}{name}"
        folder.mkdir()
        (folder / "lock").write_text("")
        now = (folder / "lock").stat().st_mtime
        os.utime(folder / "lock", (now, now - age_seconds))
    with (temporary / f"{PREFIX}held/lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with workspace():
            pass

    assert {f"{PREFIX}held", f"{PREFIX}new"} == {path.name for path in temporary.iterdir()}


def test_a_workspace_is_in_use_until_it_is_left(temporary: Path) -> None:
    """Its files know which workspace they belong to; a folder that is no workspace is never in use."""
    with workspace() as folder:
        assert is_in_use(folder)
        assert folder == workspace_of(folder / "base/shop.py")

    assert not is_in_use(folder)
    assert not is_in_use(temporary)
    assert temporary == workspace_of(temporary / "file")
