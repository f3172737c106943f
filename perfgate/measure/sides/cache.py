"""What was built before: wheels of projects by commit, and the environments that asv made, kept between runs.

The folder is `$PERFGATE_CACHE_DIR`, else `$XDG_CACHE_HOME/perfgate`, else `~/.cache/perfgate`; ours alone (mode 0700).
An entry is a folder with what was built and, written last, the digests of all its files. One that does not agree with
them is built anew. A key names everything that a build sees, so nothing is ever served for another commit.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from perfgate import git
from perfgate.measure.sides import checkout

MAX_ENTRIES, MAX_BYTES, MAX_AGE_SECONDS = 40, 4 * 2**30, 7 * 86400.0
"""How many entries are kept, and how large all together; the longest unused go first. What is older is built anew, for
the tools that build come from an index and move on."""

_FORMAT = "built-1"
"""Name of the folder in the cache: another number when entries come to look otherwise."""

_CONTENT, _SEAL, _OWNER, _LOCK = "content", "seal.json", "owner", "lock"

_FLEETING = frozenset({"COLUMNS", "HOSTNAME", "INVOCATION_ID", "JOURNAL_STREAM", "LINES", "OLDPWD", "PWD", "SHLVL", "TEMP",
                       "TMP", "TMPDIR", "WINDOWID", "_"})  # fmt: skip
_FLEETING_PREFIXES = ("ACTIONS_", "BUILDKITE_", "CI_", "CIRCLE_", "DBUS_", "GITHUB_", "GITLAB_", "PERFGATE_",
                      "PYTEST_", "RUNNER_", "SSH_", "TERM", "TRAVIS_", "VSCODE_", "XDG_")  # fmt: skip
"""Variables that differ from run to run and that no build obeys. All others are part of the key: a wheel built under
other flags would make one side slower than the other."""


class _Seal(msgspec.Struct):
    """What an entry held when it was complete."""

    made: float
    """Seconds since 1970."""
    size: int
    """Bytes of all files."""
    files: dict[str, str]
    """Path to digest, or to where a link leads."""


class Cache:
    """A folder of entries.

    Args:
        root: Where; made if need be.

    Raises:
        OSError: It cannot be made, or is not ours alone.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / _FORMAT
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = self._root.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise PermissionError(f"{self._root} belongs to somebody else")
        self._root.chmod(0o700)

    @classmethod
    def of_user(cls, otherwise: Path) -> Cache:
        """Return the user's cache; where it cannot be written, one in the folder *otherwise*."""
        with contextlib.suppress(OSError):
            return cls(_folder())
        return cls(otherwise)

    def fetch(self, key: str, destination: Path) -> bool:
        """Copy what was built under *key* to the new folder *destination* and tell whether it is there, and sound."""
        entry = self._root / key
        with self._locked():
            seal = _seal_of(entry)
            if seal is not None:
                shutil.copytree(entry / _CONTENT, destination, symlinks=True)
                if _is_as_sealed(destination, seal):
                    os.utime(entry / _SEAL)
                    return True
            checkout.remove(destination)
            checkout.remove(entry)
        return False

    def store(self, key: str, source: Path) -> None:
        """Keep a copy of the folder *source* under *key*; a cache that is full or broken is no error."""
        with contextlib.suppress(OSError), self._locked():
            entry = self._root / key
            checkout.remove(entry)
            shutil.copytree(source, entry / _CONTENT, symlinks=True)
            _write_seal(entry)
            self._evict()

    def claim(self, key: str, user: Path) -> Path:
        """Return the folder of an entry that nobody else uses as long as *user* lives; it may be empty.

        Entries that are used where they stand have a number behind their key, of always equal length, so that two
        checks at once get one each.

        Args:
            key: What is wanted.
            user: A workspace; it lives until it is removed or its process ends.
        """
        with self._locked():
            self._evict()
            named = (self._root / f"{key}-{number:03d}" for number in itertools.count())
            entry = next(path for path in named if not _is_used(path))
            if not _is_sound(entry):
                checkout.remove(entry)
                (entry / _CONTENT).mkdir(parents=True)
            (entry / _OWNER).write_text(str(user))
        return entry / _CONTENT

    def seal(self, content: Path) -> None:
        """Declare an entry that was claimed complete: it may be used again, as long as it stays as it is now."""
        with self._locked():
            _write_seal(content.parent)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes, and other threads, from changing entries."""
        with (self._root / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _evict(self) -> None:
        """Remove what was left incomplete, what is too old, and the longest unused beyond what is kept."""
        kept: list[tuple[float, int]] = []
        entries = [path for path in self._root.iterdir() if path.is_dir() and not _is_used(path)]
        for entry in sorted(entries, key=_last_use, reverse=True):
            seal = _seal_of(entry)
            size = seal.size if seal else 0
            if seal and len(kept) < MAX_ENTRIES and sum(each for _, each in kept) + size <= MAX_BYTES:
                kept.append((_last_use(entry), size))
            else:
                checkout.remove(entry)


def key(kind: str, copy: Path, sha: str, *facts: object) -> str:
    """Return the name under which something built from a commit is kept.

    Args:
        kind: What is built; equally long for what is to have equally long paths.
        copy: The checkout; what it borrows its objects from tells which repository it comes from.
        sha: The full sha of the commit.
        facts: What else the build sees: the interpreter, the way of building.
    """
    tags = git.run(copy, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags")
    shallow = copy / ".git/shallow"
    seen = {
        "repository": str(_lender(copy / ".git/objects")),
        "sha": sha,
        "tags": tags,  # versions are computed from them
        "shallow": shallow.read_text() if shallow.exists() else "",
        "variables": sorted(item for item in os.environ.items() if not _is_fleeting(item[0])),
        "facts": [str(fact) for fact in facts],
    }
    return f"{kind}-{hashlib.sha256(msgspec.json.encode(seen)).hexdigest()[:40]}"


def _folder() -> Path:
    if named := os.environ.get("PERFGATE_CACHE_DIR"):
        return Path(named).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "perfgate"


def _lender(objects: Path) -> Path:
    """Return the folder of objects from which *objects* are borrowed in the end."""
    for _ in range(5):  # git itself follows no more
        try:
            objects = Path((objects / "info/alternates").read_text().splitlines()[0])
        except (OSError, IndexError):
            break
    return objects.resolve()


def _is_fleeting(name: str) -> bool:
    return name in _FLEETING or name.startswith(_FLEETING_PREFIXES)


def _is_used(entry: Path) -> bool:
    try:
        return checkout.is_alive(Path((entry / _OWNER).read_text()))
    except OSError:
        return False


def _last_use(entry: Path) -> float:
    with contextlib.suppress(OSError):
        return (entry / _SEAL).stat().st_mtime
    return 0.0


def _seal_of(entry: Path) -> _Seal | None:
    """Return the seal of an entry that is complete and not too old."""
    try:
        seal = msgspec.json.decode((entry / _SEAL).read_bytes(), type=_Seal)
    except (OSError, msgspec.DecodeError):
        return None
    return seal if 0 <= time.time() - seal.made < MAX_AGE_SECONDS else None


def _is_sound(entry: Path) -> bool:
    seal = _seal_of(entry)
    if seal is None or not _is_as_sealed(entry / _CONTENT, seal):
        return False
    os.utime(entry / _SEAL)
    return True


def _write_seal(entry: Path) -> None:
    files = {str(path.relative_to(entry / _CONTENT)): path for path in _files(entry / _CONTENT)}
    size = sum(path.lstat().st_size for path in files.values())
    seal = _Seal(made=time.time(), size=size, files={name: _digest(path) for name, path in files.items()})
    (entry / _SEAL).write_bytes(msgspec.json.encode(seal))


def _is_as_sealed(content: Path, seal: _Seal) -> bool:
    """Tell whether *content* is what was sealed; compiled modules that came since are removed, they come again."""
    expected = dict(seal.files)
    for path in list(_files(content)):
        name = str(path.relative_to(content))
        if expected.pop(name, None) != _digest(path):
            if path.parent.name != "__pycache__":
                return False
            path.unlink()
    return all(Path(name).parent.name == "__pycache__" for name in expected)


def _files(folder: Path) -> Iterator[Path]:
    for inside, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if Path(inside, name).is_symlink())]:
            yield Path(inside, name)


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if not path.is_file():
        return "neither a file nor a link"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
