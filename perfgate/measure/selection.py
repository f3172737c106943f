"""What to say where a pattern selects no benchmark."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from perfgate.errors import InvalidInput

NEAREST, CUTOFF = 3, 0.3
"""How many names are suggested, and how similar they must be at least."""


class NothingSelected(InvalidInput):
    """A pattern that matches no benchmark.

    Args:
        pattern: What was given.
        names: The labels of all benchmarks.
        files: Folders and files that the benchmarks are defined in, relative to the repository.
    """

    def __init__(self, pattern: str, names: Sequence[str], files: Sequence[Path] = ()) -> None:
        found = nearest(pattern, names)
        suggestions = f"; the nearest: {', '.join(found)}" if found else ""
        super().__init__(
            f"--select {pattern!r} matches none of the {len(names)} benchmarks{suggestions}. A pattern matches whole names:"
            " write *part* for a part"
        )
        self.files = tuple(files)


def nearest(pattern: str, names: Sequence[str]) -> list[str]:
    """Return the names most similar to a pattern, the best first.

    >>> nearest("*test_prase*", ["bench/test_a.py::test_parse", "bench/test_a.py::test_render[x]"])
    ['bench/test_a.py::test_parse']
    """
    wanted = pattern.strip("*?").lower()

    def similarity(name: str) -> float:
        last = name.rpartition("::")[2]
        parts = (name, last, last.partition("[")[0], last.rpartition(".")[2])
        return max(difflib.SequenceMatcher(None, wanted, part.lower()).ratio() for part in parts)

    ranked = sorted(((similarity(name), name) for name in names), key=lambda pair: -pair[0])
    best = ranked[0][0] if ranked else 0.0
    return [name for ratio, name in ranked if ratio >= max(CUTOFF, 0.8 * best)][:NEAREST]
