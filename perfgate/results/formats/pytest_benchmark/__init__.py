"""pytest-benchmark: the JSON of one session."""

from __future__ import annotations

import re

from perfgate.results.formats.interface import Format
from perfgate.results.formats.pytest_benchmark import reader
from perfgate.results.records import Run

_WINDOW = 65_536
"""Bytes searched at either end of a file. ``machine_info`` is there; between them can be megabytes of measurements."""


class PytestBenchmarkFormat(Format):
    """The files that ``--benchmark-json``, ``--benchmark-save`` and ``--benchmark-autosave`` write."""

    title = "pytest-benchmark"
    candidates = re.compile(r".*\.json")
    result_names = re.compile(r"\d{4}_.+\.json")

    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* has the key ``machine_info`` near its start or end."""
        return b'"machine_info"' in data[:_WINDOW] or b'"machine_info"' in data[-_WINDOW:]

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG002 - the file is complete
        """Read one session; see `reader.read`."""
        return reader.read(data, name=name)

    def identity(self, name: str) -> str:
        """Return the path in the storage folder ``.benchmarks``, so that it does not matter which folder is searched."""
        return name.rpartition(".benchmarks/")[2]


FORMAT = PytestBenchmarkFormat()
