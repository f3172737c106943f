"""The interface of a format: what perfgate asks of the folder of one tool."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from perfgate.results.records import Refusal, Run


class Part(NamedTuple):
    """One run of a file, not yet read."""

    data: bytes
    """Input for `Format.read`: the whole file, or a document that holds one of its runs."""
    identity: str
    """Stable identity of the source: an import replaces older data with the same identity."""


class Format(ABC):
    """The format of one tool.

    The package ``perfgate/results/formats/<tool>/`` defines one subclass and its instance ``FORMAT``. Nothing else
    knows the tool. `docs/how-to/new-adapter.md` is a complete example.

    Names that the methods take are paths with slashes, relative to the searched folder or archive. Of a compressed file
    they lack ``.gz`` or ``.xz``.
    """

    title: ClassVar[str]
    """The tool's name, as people write it."""
    candidates: ClassVar[re.Pattern[str]]
    """Matches the whole file name of each file that a search opens for this format."""
    result_names: ClassVar[re.Pattern[str] | None] = None
    """Matches the whole file name of each file that must be a result, because the tool names results like this. If such
    a file cannot be read, a search reports a refusal. It ignores other candidates."""
    companions: ClassVar[frozenset[str]] = frozenset()
    """Names of files that the tool writes beside its results and that hold no runs. A search never opens them as results."""
    context_name: ClassVar[str] = ""
    """Name of the companion whose content `read` needs; empty if results need no other file. It is looked for in the
    parent of the result's folder, then in the result's folder."""
    searches_whole_file: ClassVar[bool] = False
    """Whether `recognizes` looks for words anywhere in a file. Such formats are asked after all others."""

    @abstractmethod
    def recognizes(self, data: bytes) -> bool:
        """Return whether *data* looks like this format, without decoding it.

        True for a broken file is harmless, because `read` then explains what is wrong. True for another tool's file is
        a defect.
        """

    @abstractmethod
    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:
        """Read one run.

        Args:
            data: The whole file, or the `data` of a `Part`.
            name: The file's name, for error messages and for facts that the tool keeps only there.
            context: Output of `read_context`; None if there is none.

        Raises:
            InvalidResult: The data are malformed; knows the path of the offending field. A retry cannot help.
        """

    def split(self, data: bytes, *, name: str) -> Iterator[Part | Refusal]:
        """Yield each run of a file that a search opened, or the refusal of a run; by default the file is one run.

        Raises:
            InvalidResult: The file is malformed. A retry cannot help.
        """
        yield Part(data, self.identity(name))

    def read_context(self, data: bytes, *, name: str) -> bytes:  # noqa: ARG002 - for error messages of a subclass
        """Return the content of the companion `context_name` without what `read` does not need.

        Raises:
            InvalidResult: It is malformed. A retry cannot help.
        """
        return data

    def identity(self, name: str) -> str:
        """Return the stable identity of a file in a folder or archive; by default its path there."""
        return name

    def upload_identity(self, name: str, run: Run) -> str:  # noqa: ARG002 - what a subclass can look at
        """Return the stable identity of a file that is uploaded alone; by default empty, so that nothing is replaced.

        A format overrides this only if the tool rewrites a result file later and the file's name is unique in a project.

        Args:
            name: Name that the client sent, often without a folder.
            run: The run in the file.
        """
        return ""

    def is_candidate(self, file_name: str) -> bool:
        """Return whether a search opens a file of this name, without folder, for this format."""
        return self.candidates.fullmatch(file_name) is not None

    def is_result_name(self, file_name: str) -> bool:
        """Return whether a file of this name, without folder, must be a result."""
        return self.result_names is not None and self.result_names.fullmatch(file_name) is not None
