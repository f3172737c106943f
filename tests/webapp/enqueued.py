"""The messages in the file broker's folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Enqueued:
    """What was enqueued and not taken by a worker."""

    folder: Path

    def tasks(self) -> list[tuple[str, int]]:
        """Return names and arguments of the waiting tasks."""
        headers = [json.loads(path.read_text())["headers"] for path in self.folder.glob("*.msg")]
        return sorted((header["task"], json.loads(header["argsrepr"])[0]) for header in headers)

    def clear(self) -> None:
        """Lose all messages."""
        for message in self.folder.glob("*.msg"):
            message.unlink()
