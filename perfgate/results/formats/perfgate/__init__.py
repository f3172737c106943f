"""perfgate's own result file, as a format like any other."""

from __future__ import annotations

import re

from perfgate.results import result_file
from perfgate.results.formats.interface import Format
from perfgate.results.records import Run


class OwnFormat(Format):
    """The files that `perfgate.results.result_file` writes."""

    title = "perfgate"
    candidates = re.compile(r".*\.json")

    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* claims to be a perfgate result file, of any version."""
        return result_file.recognizes(data)

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:  # noqa: ARG002 - the file is complete
        """Read one run; raises as `perfgate.results.result_file.read` does."""
        return result_file.read(data, source=name)


FORMAT = OwnFormat()
