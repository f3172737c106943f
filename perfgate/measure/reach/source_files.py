"""Which files of the repository the files come from that a traced process reached."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from perfgate import git
from perfgate.measure.agent.recorder import CODE, NATIVE
from perfgate.measure.sides.side import Side

VERSION_FILES = frozenset({"__version__.py", "_version.py", "version.py"})
"""Names of generated files that contain only a version number."""


class SourceFiles:
    """Maps files that a process reached to files of the repository.

    Args:
        side: The traced side.
    """

    def __init__(self, side: Side) -> None:
        self._side = side
        listed = git.run(side.checkout, "ls-tree", "-r", "-z", "--name-only", side.sha)
        self._tracked_files = frozenset(filter(None, listed.split("\0")))
        self._by_name = defaultdict(list)
        for path in self._tracked_files:
            self._by_name[path.rpartition("/")[2]].append(path)

    def tracked(self, path: Path) -> frozenset[str]:
        """Return the tracked files that *path* is, or is an installed copy of; empty if there is none."""
        if path.suffix == ".pyc" and path.parent.name == "__pycache__":
            path = path.parents[1] / (path.name.partition(".")[0] + ".py")
        named = self._named(path)
        if path.name in VERSION_FILES or not path.is_relative_to(self._side.site_packages):
            return named
        return frozenset(source for source in named if self._is_copy(path, source))

    def _named(self, path: Path) -> frozenset[str]:
        """Return the tracked files at *path*, or at a path that an installed file may have been copied from."""
        if path.is_relative_to(self._side.site_packages):
            inside = path.relative_to(self._side.site_packages).as_posix()
            return frozenset(source for source in self._by_name[path.name] if f"/{source}".endswith(f"/{inside}"))
        if path.is_relative_to(self._side.checkout):
            return self._tracked_files & {path.relative_to(self._side.checkout).as_posix()}
        return frozenset()

    def doubts(self, kind: str, path: Path, sources: frozenset[str]) -> Iterator[str]:
        """Yield why it is not known which tracked files the code in *path* depends on.

        Args:
            kind: `CODE`, `DATA` or `NATIVE`.
            path: A file that the process reached.
            sources: The tracked files that it comes from.
        """
        if (
            kind == CODE
            and not sources
            and path.name not in VERSION_FILES
            and not self._belongs_to_another_project(path)
        ):
            yield f"it runs {path.name}, which is generated when the project is built or run"
        if kind == NATIVE:
            plain = path.with_name(path.name.partition(".")[0] + ".py")
            if compiled := self._named(plain):
                yield f"it runs {min(compiled)} as native code, compiled together with files that are not known"

    def _is_copy(self, path: Path, source: str) -> bool:
        try:
            return path.read_bytes() == (self._side.checkout / source).read_bytes()
        except OSError:
            return False

    def _belongs_to_another_project(self, path: Path) -> bool:
        inside = path.is_relative_to(self._side.site_packages)
        return inside and path.relative_to(self._side.site_packages).as_posix() in self._other_files

    @cached_property
    def _other_files(self) -> frozenset[str]:
        """Return the installed files of packages that were not installed from the checkout."""
        found: set[str] = set()
        for record in self._side.site_packages.glob("*.dist-info/RECORD"):
            if record.with_name("direct_url.json").is_file():
                continue  # installed from a folder: it is the project, or a part of it
            lines = record.read_text(encoding="utf-8").splitlines()
            found.update(str(PurePosixPath(line.partition(",")[0].strip('"'))) for line in lines)
        return frozenset(found)
