"""Split github-action-benchmark's ``data.js`` into one document for each run.

A ``data.js`` holds many runs (``entries[name][i]``). The document of a run contains the run's original text:

    {"github_action_benchmark": 1, "entry": "<name>", "bench": {"commit": ..., "date": ..., "benches": [...]}}

Source: benchmark-action/github-action-benchmark ``src/write.ts``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from perfgate.errors import InvalidResult
from perfgate.results.formats import untrusted_text
from perfgate.results.formats.interface import Part
from perfgate.results.formats.json_constants import Number, decode
from perfgate.results.records import Refusal

_START = re.compile(rb"\A\s*(?:window\.BENCHMARK_DATA\s*=\s*)")


class ActionAuthor(msgspec.Struct):
    """Author of a commit."""

    name: str | None = None


class ActionCommit(msgspec.Struct):
    """Commit that was measured."""

    id: str
    message: str = ""
    timestamp: Any = None
    url: str = ""
    author: ActionAuthor | None = None


class ActionBenchmark(msgspec.Struct):
    """One value of a run."""

    name: str
    value: Number
    unit: str = ""
    range: str | float | None = None
    extra: str | None = None


class ActionRun(msgspec.Struct):
    """One run."""

    commit: ActionCommit
    date: float | None = None
    tool: str = ""
    benches: list[msgspec.Raw] = []


class RunDocument(msgspec.Struct):
    """The document of one run, decoded."""

    github_action_benchmark: int
    entry: str
    bench: ActionRun


class _RawRunDocument(msgspec.Struct):
    github_action_benchmark: int
    entry: str
    bench: msgspec.Raw


class _RunIdentity(msgspec.Struct):
    commit: ActionCommit
    date: float | None = None


class _Entries(msgspec.Struct):
    entries: dict[str, list[msgspec.Raw]]


_ENTRIES = msgspec.json.Decoder(_Entries)
_RUN_IDENTITY = msgspec.json.Decoder(_RunIdentity)


def is_document(data: bytes) -> bool:
    """Return whether *data* begins like the document of one run."""
    return data.startswith(b'{"github_action_benchmark":')


def is_history(data: bytes) -> bool:
    """Return whether *data* begins like a whole ``data.js``."""
    return _START.match(data[:200]) is not None


def split(data: bytes, *, name: str) -> Iterator[Part | Refusal]:
    """Yield the document of each run, in the file's order, or the refusal of a run without a commit.

    The identity of a run is made of entry, commit and date. It does not change when older runs are dropped from the file.

    Args:
        data: The whole file.
        name: Its name, for error messages and refusals.

    Raises:
        InvalidResult: It is no ``data.js``. A retry cannot help.
    """
    body = _START.sub(b"", data, count=1).rstrip().removesuffix(b";")
    uses: Counter[str] = Counter()
    for entry, runs in decode(body, _ENTRIES, source=name).entries.items():
        for index, raw in enumerate(runs):
            try:
                run = decode(raw, _RUN_IDENTITY, source="")
            except InvalidResult as error:
                yield untrusted_text.refusal(f"{name}: $.entries[{entry!r}][{index}]", error)
                continue
            identity = f"data.js:{entry}/{run.commit.id}/{run.date or 0:.0f}"
            uses[identity] += 1
            document = _RawRunDocument(github_action_benchmark=1, entry=entry, bench=raw)
            repeated = f"#{uses[identity]}" if uses[identity] > 1 else ""
            yield Part(msgspec.json.encode(document), identity + repeated)
