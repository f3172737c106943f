"""github-action-benchmark: ``data.js``, the history that the action keeps on a branch."""

from __future__ import annotations

import re
from collections.abc import Iterator

from perfgate.errors import UnknownFormat
from perfgate.results.formats.github_action_benchmark import history, reader
from perfgate.results.formats.interface import Format, Part
from perfgate.results.records import Refusal, Run


class GithubActionBenchmarkFormat(Format):
    """A whole ``data.js``, and the documents with one run each that `history.split` makes of it."""

    title = "github-action-benchmark"
    candidates = re.compile(r".*(?:data\.js|\.json)")
    result_names = re.compile(r"(?:.+\.)?data\.js")

    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* begins like a ``data.js`` or like a document with one run."""
        return history.is_document(data) or history.is_history(data)

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG002 - the file is complete
        """Read a document with one run; see `reader.read`.

        Raises:
            UnknownFormat: It is a whole ``data.js``.
        """
        if history.is_history(data):
            raise UnknownFormat("a data.js holds the runs of many commits: import it with import_results", source=name)
        return reader.read(data, name=name)

    def split(self, data: bytes, *, name: str) -> Iterator[Part | Refusal]:
        """Yield one document for each run of a ``data.js``; see `history.split`."""
        if history.is_document(data):
            yield Part(data, self.identity(name))
        else:
            yield from history.split(data, name=name)


FORMAT = GithubActionBenchmarkFormat()
