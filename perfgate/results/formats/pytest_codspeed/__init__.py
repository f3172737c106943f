"""pytest-codspeed: the JSON of one session in walltime mode."""

from __future__ import annotations

import re

from perfgate.results.formats.interface import Format
from perfgate.results.formats.pytest_codspeed import reader
from perfgate.results.records import Run

_WINDOW = 1_024
"""Bytes searched: the file begins with the name of the tool."""


class PytestCodspeedFormat(Format):
    """The files that ``pytest --codspeed --codspeed-mode walltime`` writes into the folder ``.codspeed``."""

    title = "pytest-codspeed"
    candidates = re.compile(r".*\.json")
    result_names = re.compile(r"results_\d{13}\.json")

    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* begins with the creator that pytest-codspeed names."""
        start = data[:_WINDOW]
        return b'"creator"' in start and b'"pytest-codspeed"' in start

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG002 - the file is complete
        """Read one session; see `reader.read`."""
        return reader.read(data, name=name)

    def identity(self, name: str) -> str:
        """Return the path in the folder ``.codspeed``, so that it does not matter which folder is searched."""
        return name.rpartition(".codspeed/")[2]


FORMAT = PytestCodspeedFormat()
