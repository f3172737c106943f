"""Record the files that a traced process executes and reads.

Audit hooks see every module that is executed and every file that is opened, whatever opens it, and the code under test
cannot remove them.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from . import costs
from .costs import PreparedCall
from .paths import folder_prefixes, is_below

VARIABLE = "PERFGATE_TRACE"
"""Environment variable with the request as JSON: ``output``, ``own``, ``known``, ``items``, ``calibrate``, ``folder``."""

CODE, DATA, NATIVE = "code", "data", "native"

_FILE_EVENTS = {"exec": (CODE, 0), "open": (DATA, 0), "import": (NATIVE, 1)}
"""Audit event to the kind of its file and the position of the file, or its code, in the arguments."""

_STARTS = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn", "subprocess.Popen"}
)  # fmt: skip
_STARTS_WITHOUT_EVENT = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")
"""Modules whose import shows that a process is started in a way that raises no audit event."""


class Recorder:
    """Records what the process does from its construction on, and writes it to a file, one line for each benchmark.

    Args:
        request: The value of the environment variable `VARIABLE`.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self._own = folder_prefixes(request["own"])
        standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
        self._known = folder_prefixes([*request["known"], *standard, str(Path(__file__).parent)])
        self._output = request["output"]
        self._calibrates: bool = request["calibrate"]
        self._owner = os.getpid()
        self._files: set[tuple[str, str]] = set()
        self._untraceable: set[str] = set()
        self._written: set[object] = set()
        self._observed: dict[str, object] = {}
        self._is_paused = False
        sys.addaudithook(self._hear)
        for module in list(sys.modules.values()):
            if isinstance(file := getattr(module, "__file__", None), str):
                self._note(file, CODE)

    def pause(self) -> None:
        """From now on, ignore the start of a process unless the project's own code is among the callers."""
        self._is_paused = True

    def resume(self) -> None:
        """From now on, record the start of every process."""
        self._is_paused = False

    def observe(self, prepare: Callable[[], PreparedCall]) -> object:
        """Make one call of a benchmark and return its result; if requested, make more calls to measure what it costs.

        Args:
            prepare: Prepares the next call.
        """
        if self._calibrates:
            self._observed = costs.measure(prepare, self._own)
        call, clean = prepare()
        result = call()
        clean()
        return result

    def write(self, **message: object) -> None:
        """Append one line: *message*, the observed costs, and what was recorded since the last line."""
        if os.getpid() != self._owner:
            os._exit(70)  # a benchmark forked, and its child process came back here instead of ending
        if any(name in sys.modules for name in _STARTS_WITHOUT_EVENT):
            self._untraceable.add("it starts processes")
        recorded = {
            "files": sorted(self._files - self._written),
            "untraceable": sorted(self._untraceable - self._written),
        }
        self._written |= self._files | self._untraceable
        line = json.dumps({**message, **recorded, **self._observed})
        self._observed = {}
        with Path(self._output).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FILE_EVENTS:
            kind, position = _FILE_EVENTS[event]
            self._hear_file(arguments[position], kind)
        elif event in _STARTS:
            if not self._is_paused or self._is_called_by_project():
                self._untraceable.add(f"it starts processes ({event})")
        elif event == "ctypes.dlopen" and arguments[0] and self._is_called_by_project(importing=False):
            self._untraceable.add(f"it loads {arguments[0]} through ctypes")

    def _hear_file(self, file: object, kind: str) -> None:
        if isinstance(file, CodeType):
            self._note(file.co_filename, kind)
        elif isinstance(file, (str, bytes)):
            self._note(os.fsdecode(file), kind)

    def _note(self, file: str, kind: str) -> None:
        if (kind, file) in self._files:
            return
        if is_below(file, self._own):
            self._files.add((kind, os.path.abspath(file)))  # noqa: PTH100 - not resolved, unlike Path.resolve
            self._files.add((kind, os.path.realpath(file)))
        elif kind != DATA and not is_below(file, self._known) and Path(file).is_file():
            self._untraceable.add(f"it runs code from {file}, outside its checkout and of what is installed")

    def _is_called_by_project(self, *, importing: bool = True) -> bool:
        """Tell whether the project's own code is among the callers; *importing*: imports by it count, too."""
        frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to see the callers
        while frame is not None:
            file = frame.f_code.co_filename
            if is_below(file, self._own):
                return True
            if not importing and file.startswith("<frozen importlib"):
                return False  # an installed package loads what it needs, on both sides alike
            frame = frame.f_back
        return False
