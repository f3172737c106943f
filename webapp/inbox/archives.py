"""Read the result files in an untrusted zip file, in memory and within limits."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from perfgate.errors import InvalidInput
from perfgate.formatting import plain


def json_files(packed: bytes, archive_name: str, *, max_files: int, max_bytes: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the JSON files in a zip file.

    Args:
        packed: The zip file.
        archive_name: For error messages.
        max_files: Files in it, at most.
        max_bytes: Size of all files together, unpacked, at most.

    Raises:
        InvalidInput: It is not a zip file, exceeds a limit, or holds another kind of file or an unsafe name.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            entries = archive.infolist()
            _check_sizes(entries, archive_name, max_files=max_files, max_bytes=max_bytes)
            left = max_bytes
            for entry in entries:
                if entry.is_dir():
                    continue
                name = _safe_name(entry.filename, archive_name)
                with archive.open(entry) as file:
                    data = file.read(left + 1)  # the declared size can be wrong
                left -= len(data)
                if left < 0:
                    raise InvalidInput(f"{archive_name} unpacks to more than {max_bytes:,} bytes: it is refused")
                yield name, data
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise InvalidInput(f"{archive_name} is no zip file that can be read: {error}") from error


def _check_sizes(entries: list[zipfile.ZipInfo], archive_name: str, *, max_files: int, max_bytes: int) -> None:
    size = sum(entry.file_size for entry in entries)
    if len(entries) > max_files or size > max_bytes:
        raise InvalidInput(
            f"{archive_name} holds {len(entries)} files of {size:,} bytes unpacked: at most {max_files} of {max_bytes:,}"
            " are taken"
        )


def _safe_name(path: str, archive_name: str) -> str:
    """Return the last part of a path that stays inside the archive and ends in ``.json``."""
    parts = path.replace("\\", "/").split("/")
    if ".." in parts or not parts[0] or ":" in parts[0] or not path.endswith(".json"):
        raise InvalidInput(f"{archive_name} holds {plain(path)}: our workflow leaves no such file")
    return parts[-1]
