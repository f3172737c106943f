"""asv: ``results/<machine>/<commit>-<environment>.json`` with ``results/benchmarks.json``."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from perfgate.results.formats.asv import documents, reader
from perfgate.results.formats.interface import Format
from perfgate.results.records import Run


class AsvFormat(Format):
    """The result files of asv."""

    title = "asv"
    candidates = re.compile(r".*\.json")
    result_names = re.compile(r"[0-9a-f]{8}-.+\.json")
    companions = frozenset({documents.CONTEXT_NAME, "machine.json"})
    context_name = documents.CONTEXT_NAME
    searches_whole_file = True

    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* holds the two keys that every asv result has."""
        return b'"commit_hash"' in data and b'"results"' in data

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:
        """Read one result file; see `reader.read`."""
        return reader.read(data, name=name, context=context)

    def read_context(self, data: bytes, *, name: str) -> bytes:
        """Return ``benchmarks.json`` without source code; see `documents.read_context`."""
        return documents.read_context(data, name=name)

    def identity(self, name: str) -> str:
        """Return the machine's folder and the file's name, which identify a result for asv too, wherever the tree is."""
        path = PurePosixPath(name)
        return f"asv:{path.parent.name}/{path.name}"

    def upload_identity(self, name: str, run: Run) -> str:
        """Return the same identity for a file with asv's own name, because asv adds benchmarks to a file later."""
        path = PurePosixPath(name)
        if not self.is_result_name(path.name):
            return ""
        return self.identity(f"{path.parent.name or run.environment.fields.get('machine', '')}/{path.name}")


FORMAT = AsvFormat()
