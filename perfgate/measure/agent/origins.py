"""Find modules that a side imported from another copy of the project."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .paths import folder_prefixes, is_below


class Origins:
    """Checks where the modules of this process come from.

    Args:
        own: This side's checkout and environment: everything in them is right.
        elsewhere: The developer's work tree: nothing in it may be imported, except from *shared*.
        shared: Folders of installed packages that both sides use, wherever they are.
        names: Top-level names of the project's modules; they may only come from *own*.
        benchmarks: Files and folders of the benchmarks, which are not the project's code.
    """

    def __init__(
        self, own: list[str], elsewhere: str, shared: list[str], names: list[str], benchmarks: Sequence[str] = ()
    ) -> None:
        self._own = folder_prefixes(own)
        self._elsewhere = folder_prefixes([elsewhere])
        self._shared = folder_prefixes(shared)
        self._names = frozenset(names)
        self._benchmarks = folder_prefixes(benchmarks)
        self.reaches_code = not names
        """Whether a module of the project was imported before the last call of `foreign`."""
        self._seen: set[str] = set()

    def foreign(self) -> list[tuple[str, str]]:
        """Return name and file of each module that was imported from a wrong place since the last call."""
        found = []
        for name, module in list(sys.modules.items()):
            if name in self._seen:
                continue
            self._seen.add(name)
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self._is_foreign(name, file):
                found.append((name, file))
        return found

    def _is_foreign(self, name: str, file: str) -> bool:
        is_project = name.partition(".")[0] in self._names
        if is_below(file, self._own):
            self.reaches_code = self.reaches_code or (is_project and not is_below(file, self._benchmarks))
            return False
        return is_project or (is_below(file, self._elsewhere) and not is_below(file, self._shared))
