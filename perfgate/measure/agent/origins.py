"""Where a side's process imports the project from: what was installed, and nothing else.

Test runners put the checkout in front of the installed packages: pytest for a conftest.py, or for tests that are a
package, asv for the folder around its benchmarks. A package that stands there as source would be measured instead of
the wheel that was built from it, without its compiled modules and generated files. So a finder goes first that looks for
the project's modules where they were installed. What comes from another place all the same is reported.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from .paths import folder_prefixes, is_below

VARIABLE = "PERFGATE_ORIGINS"
"""Environment variable with the arguments of `Origins`, as JSON."""


def origins_of_environment() -> Origins:
    """Return the origins that the process which measures has set, and remove the variable.

    Called before the project is imported: its start-up code may clear the environment.
    """
    return Origins(**json.loads(os.environ.pop(VARIABLE)))


class Origins:
    """Decides and checks where the modules of this process come from.

    Args:
        names: Top-level names of the project's modules.
        installed: The folder into which they were installed; empty: they are imported from the checkout.
        sources: Folders of the checkout from which they would be imported if they were not installed.
        checkout: The checkout. In it, the project's modules may come from *benchmarks* only, if they were installed.
        environment: This side's environment.
        benchmarks: Files and folders of the benchmarks, which are not the project's code.
        elsewhere: The developer's work tree: nothing in it may be imported.
        interpreter: Folders of the interpreter, wherever they are.
    """

    def __init__(
        self,
        *,
        names: Sequence[str],
        installed: str,
        sources: Sequence[str],
        checkout: str,
        environment: str,
        benchmarks: Sequence[str],
        elsewhere: str,
        interpreter: Sequence[str],
    ) -> None:
        self._names = frozenset(names)
        self._installed = installed
        self._sources = tuple(sources)
        self._benchmarks = folder_prefixes(benchmarks)
        self._own = folder_prefixes([environment] if installed else [environment, checkout])
        self._elsewhere = folder_prefixes([elsewhere])
        self._interpreter = folder_prefixes([environment, checkout, *interpreter])
        self._reaches_code = not names
        self._extensions: set[str] = set()
        self._seen: set[str] = set()
        if installed:
            sys.meta_path.insert(0, self)

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: object = None,  # noqa: ARG002 - importlib passes it
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module of the project was installed; None for all others. Called by `import`."""
        if name.partition(".")[0] not in self._names:
            return None
        if path is None:
            return importlib.machinery.PathFinder.find_spec(name, [self._installed])
        return self._find_benchmark(name)

    def report(self) -> dict[str, Any]:
        """Return what was imported until now, for a message.

        ``foreign`` holds name and file of each module that was imported from a wrong place since the last call,
        ``reaches_code`` whether a module of the project was imported, ``extensions`` the names of those that are compiled.
        """
        foreign = self._foreign()
        return {"foreign": foreign, "reaches_code": self._reaches_code, "extensions": sorted(self._extensions)}

    def _find_benchmark(self, name: str) -> importlib.machinery.ModuleSpec | None:
        """Return the place of benchmarks that stand inside the package; those of the checkout are measured."""
        for source in self._sources:
            stem = os.path.join(source, *name.split("."))  # noqa: PTH118 - every import of the project comes here
            for file, inside in ((os.path.join(stem, "__init__.py"), [stem]), (stem + ".py", None)):  # noqa: PTH118
                if is_below(file, self._benchmarks) and os.path.isfile(file):  # noqa: PTH113
                    return importlib.util.spec_from_file_location(name, file, submodule_search_locations=inside)
        return None

    def _foreign(self) -> list[tuple[str, str]]:
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
        if name.partition(".")[0] not in self._names:
            return is_below(file, self._elsewhere) and not is_below(file, self._interpreter)
        if is_below(file, self._benchmarks):
            return False
        if not is_below(file, self._own):
            return True
        self._reaches_code = True
        if file.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES)):
            self._extensions.add(name)
        return False
