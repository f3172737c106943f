"""A Celery broker without a server: one folder, one file per message.

It is kombu's file-system transport with reading and writing replaced. kombu writes a message in place, so that a reader
can see half of it, and an empty ``.msg`` file ends the worker (celery 5.7: "Unrecoverable error"). It also moves a message
to ``/tmp`` to take it, which may be another disk, where a move is not atomic. Here a rename within the folder makes a
message visible, and another one takes it. docs/decisions/0007-own-supervisor-broker-tracer.md compares the alternatives.
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
"""The scheme of the broker's address, ``files://localhost``; the folders are in the transport's options."""


class FileChannel(filesystem.Channel):
    """A channel in which a message file is complete or does not exist."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for folder in (self.data_folder_in, self.data_folder_out, self.control_folder):
            Path(folder).mkdir(parents=True, exist_ok=True)

    def _put(self, queue: str, payload: dict[str, Any], **_: Any) -> None:  # type: ignore[override]
        folder = Path(self.data_folder_out)
        name = str(uuid4())
        # Readers look for names that end in ".<queue>.msg"; this one does not.
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
                continue  # another worker took it
            payload = taken.read_text()
            taken.unlink()
            return loads(payload)
        raise Empty


class FileTransport(filesystem.Transport):
    """kombu's file-system transport with `FileChannel`."""

    Channel = FileChannel


def register() -> None:
    """Tell kombu which transport the scheme stands for."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:FileTransport"
