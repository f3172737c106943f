"""A private line-by-line JSON channel to the process that asks for samples; standard output stays the benchmark's."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

VARIABLE = "PERFGATE_CHANNEL"
"""Holds the three descriptors and the path of the notes, in a form of constant length on both sides."""


class Channel:
    """The measured side's end.

    Three descriptors are inherited: requests to read, answers to write, and a lifeline on which nothing is ever
    written. When the asking process dies, however it dies, the kernel signals the lifeline's hang-up with SIGIO,
    which ends this process: no benchmark keeps running for nobody.

    Args:
        address: What stands in the variable `VARIABLE`.
    """

    def __init__(self, address: str) -> None:
        requests, answers, lifeline = (int(number) for number in address.split(","))
        for descriptor in (requests, answers, lifeline):
            os.set_inheritable(descriptor, False)
        if hasattr(os, "O_ASYNC"):
            fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
        self._requests = os.fdopen(requests, encoding="utf-8")
        self._answers = os.fdopen(answers, "w", encoding="utf-8")
        self._owner = os.getpid()

    def receive(self) -> dict[str, Any]:
        """Return the next request; ends the process when nobody asks any more."""
        self._end_a_fork()
        line = self._requests.readline()
        if not line:
            os._exit(0)
        request: dict[str, Any] = json.loads(line)
        return request

    def send(self, **message: object) -> None:
        """Write one message and flush it."""
        self._end_a_fork()
        self._answers.write(json.dumps(message) + "\n")
        self._answers.flush()

    def _end_a_fork(self) -> None:
        """End this process if a benchmark forked it and it came back here instead of ending."""
        if os.getpid() != self._owner:
            os._exit(70)


class Origins:
    """Finds modules that this side imported from where it must not.

    Args:
        checkout: This side's own checkout and environment: everything below is right.
        elsewhere: The developer's work tree: nothing below may be imported, except from *shared*.
        shared: Folders of installed packages that both sides use, wherever they lie.
        names: Top-level names of the project; they may only come from *own*.
        benchmarks: Files and folders of the benchmarks themselves, which are no code of the project's.
    """

    def __init__(
        self, own: list[str], elsewhere: str, shared: list[str], names: list[str], benchmarks: Sequence[str] = ()
    ) -> None:
        self._own = _folders(own)
        self._elsewhere = _folders([elsewhere])
        self._shared = _folders(shared)
        self._names = frozenset(names)
        self._benchmarks = _folders(benchmarks)
        self.reaches_code = not names
        """Whether a module of the project's own was imported, as of the last look."""
        self._seen: set[str] = set()

    def foreign(self) -> list[tuple[str, str]]:
        """Return name and file of each wrongly imported module that was not asked about before."""
        found = []
        for name, module in list(sys.modules.items()):
            if name in self._seen:
                continue
            self._seen.add(name)
            file = getattr(module, "__file__", None)
            if not isinstance(file, str):
                continue
            is_ours = name.partition(".")[0] in self._names
            if _below(file, self._own):
                self.reaches_code = self.reaches_code or (is_ours and not _below(file, self._benchmarks))
                continue
            in_work_tree = _below(file, self._elsewhere) and not _below(file, self._shared)
            if is_ours or in_work_tree:
                found.append((name, file))
        return found


def _folders(paths: Sequence[str]) -> tuple[str, ...]:
    both = {form for path in paths for form in _forms(path)}
    return tuple(path.rstrip(os.sep) + os.sep for path in sorted(both))


def _below(file: str, folders: tuple[str, ...]) -> bool:
    return any((form + os.sep).startswith(folders) for form in _forms(file))


def _forms(path: str) -> tuple[str, str]:
    """Return a path as it is called and as it is, whichever link leads there."""
    return os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - not resolved, unlike Path.resolve
