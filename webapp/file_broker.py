"""The embedded queue: one folder, one file for each message.

kombu's own file-system transport writes a message in place, so that a reader can meet half of it; that ends the worker
(tried: an empty ``.msg`` file stops celery 5.7 with "Unrecoverable error"). It also takes messages by way of
``/tmp``, which may be another disk, where moving a file is no single step. Here a message appears and is taken by
renaming within the folder.
"""

from __future__ import annotations

import os
from pathlib import Path
from queue import Empty
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME = "files"
"""Of the broker's address: ``files://localhost``; the folders stand in the transport's options."""


class FileChannel(filesystem.Channel):
    """A channel whose messages are whole or not there."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = str(uuid4())
        # What kombu looks for ends in .<queue>.msg; this does not.
        part = folder / f".{name}"
        part.write_text(dumps(payload))
        part.rename(folder / f"{name}.{queue}.msg")

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - kombu's signature; it never waits here
        folder = Path(self.data_folder_in)
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.partition(".")[2] == f"{queue}.msg"]
        for name in names:
            taken = folder / f".{name}"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # another worker was faster
            payload = taken.read_text()
            taken.unlink()
            return loads(payload)
        raise Empty


class FileTransport(filesystem.Transport):
    """kombu's file-system transport with sound files."""

    Channel = FileChannel


def register() -> None:
    """Make kombu know the scheme."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:FileTransport"
