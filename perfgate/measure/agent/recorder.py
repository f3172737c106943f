"""Records which files a traced process runs code from and reads, and where one call of a benchmark spends its time.

Audit hooks hear every module that is executed and every file that is opened, however it was asked for, and cannot be
removed again by the code under test.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

VARIABLE = "PERFGATE_TRACE"
"""Holds the request as JSON: ``output``, ``own``, ``known``, ``wanted``, ``calibrate`` and, for asv, ``folder``."""

CODE, DATA, NATIVE = "code", "data", "native"

_STARTS = frozenset(
    {"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile", "os.system", "pty.spawn", "subprocess.Popen"}
)  # fmt: skip
_STARTS_UNHEARD = ("multiprocessing.popen_spawn_posix", "multiprocessing.popen_forkserver")
"""Modules that are imported when a process is started in a way that raises no audit event."""

_NO_PLAIN_FUNCTION = 0x20 | 0x80 | 0x200
"""Flags of generators, coroutines and asynchronous generators: calling one does not yet run it."""

_CALIBRATION_CALLS, _CALIBRATION_SECONDS = 7, 1.0

Prepared = tuple[Callable[[], object], Callable[[], object]]
"""A call of the benchmark that is ready to be made, and what cleans up after it."""


class Recorder:
    """Hears what the process does from its construction on, and writes it down benchmark by benchmark.

    Args:
        request: What stands in the variable `VARIABLE`.
    """

    def __init__(self, request: dict[str, Any]) -> None:
        self._own = _folders(request["own"])
        standard = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
        self._known = _folders([*request["known"], *standard, str(Path(__file__).parent)])
        self._output = request["output"]
        self._calibrates: bool = request["calibrate"]
        self._owner = os.getpid()
        self._files: set[tuple[str, str]] = set()
        self._never: set[str] = set()
        self._told: set[object] = set()
        self._observed: dict[str, object] = {}
        self._is_quiet = False
        sys.addaudithook(self._hear)
        for module in list(sys.modules.values()):
            if isinstance(file := getattr(module, "__file__", None), str):
                self._note(file, CODE)

    def pause(self) -> None:
        """From now on, hold no process against the benchmarks that none of the project's own functions started."""
        self._is_quiet = True

    def resume(self) -> None:
        """Hold every process that is started against the benchmarks, whoever starts it."""
        self._is_quiet = False

    def observe(self, prepare: Callable[[], Prepared]) -> object:
        """Make one call of a benchmark and return its result; where that is wanted, some more to see what it costs.

        Args:
            prepare: Makes the next call ready.
        """
        if self._calibrates:
            seconds = self._seconds(prepare)
            profile = Profile(self._own)
            _timed(prepare, profile)
            self._observed = {"seconds": seconds, "profiled": profile.seconds, "functions": profile.functions()}
        call, clean = prepare()
        result = call()
        clean()
        return result

    def write(self, **message: object) -> None:
        """Append one line: *message*, what was observed, and what was heard since the last line."""
        if os.getpid() != self._owner:
            os._exit(70)  # a benchmark forked, and its child came back here instead of ending
        if any(name in sys.modules for name in _STARTS_UNHEARD):
            self._never.add("it starts processes")
        heard = {"files": sorted(self._files - self._told), "never": sorted(self._never - self._told)}
        self._told |= self._files | self._never
        line = json.dumps({**message, **heard, **self._observed})
        self._observed = {}
        with Path(self._output).open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def _seconds(self, prepare: Callable[[], Prepared]) -> float:
        until = time.perf_counter() + _CALIBRATION_SECONDS
        taken = [_timed(prepare), _timed(prepare)]
        while len(taken) < _CALIBRATION_CALLS and time.perf_counter() < until:
            taken.append(_timed(prepare))
        return statistics.median(taken[1:])

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec":
            if isinstance(arguments[0], CodeType):
                self._note(arguments[0].co_filename, CODE)
        elif event == "open":
            if isinstance(arguments[0], str | bytes):
                self._note(os.fsdecode(arguments[0]), DATA)
        elif event == "import":
            if isinstance(arguments[1], str):
                self._note(arguments[1], NATIVE)
        elif event in _STARTS:
            if not self._is_quiet or self._is_called_by_project():
                self._never.add(f"it starts processes ({event})")
        elif event == "ctypes.dlopen" and arguments[0] and self._is_called_by_project(importing=False):
            self._never.add(f"it loads {arguments[0]} through ctypes")

    def _note(self, file: str, kind: str) -> None:
        if (kind, file) in self._files:
            return
        if _below(file, self._own):
            self._files.add((kind, os.path.abspath(file)))  # noqa: PTH100 - not resolved, unlike Path.resolve
            self._files.add((kind, os.path.realpath(file)))
        elif kind != DATA and not _below(file, self._known) and Path(file).is_file():
            self._never.add(f"it runs code from {file}, outside its checkout and of what is installed")

    def _is_called_by_project(self, *, importing: bool = True) -> bool:
        """Tell whether the project's own code is among the callers; *importing*: also by what it imports."""
        frame: FrameType | None = sys._getframe()  # noqa: SLF001 - the only way to see the callers
        while frame is not None:
            file = frame.f_code.co_filename
            if _below(file, self._own):
                return True
            if not importing and file.startswith("<frozen importlib"):
                return False  # an installed package loads what it needs; it does so on both sides
            frame = frame.f_back
        return False


class Profile:
    """Counts the outermost calls of each of the project's functions, and the seconds inside them."""

    def __init__(self, own: tuple[str, ...]) -> None:
        self._own = own
        self._is_own: dict[CodeType, bool] = {}
        self._depth: dict[CodeType, int] = {}
        self._entered: dict[CodeType, float] = {}
        self._inside: dict[CodeType, float] = {}
        self._calls: dict[CodeType, int] = {}
        self.seconds = 0.0
        """What the profiled call took."""

    def __enter__(self) -> None:
        self._before = sys.getprofile()
        self._began = time.perf_counter()
        sys.setprofile(self._hear)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._before)
        self.seconds = time.perf_counter() - self._began

    def functions(self) -> list[dict[str, object]]:
        """Return what was called: ``file``, ``line`` of its definition, ``name``, ``calls`` and ``seconds``."""
        return [
            {"file": code.co_filename, "line": code.co_firstlineno, "name": code.co_qualname, "calls": calls, "seconds": self._inside[code]}
            for code, calls in self._calls.items()
            if code in self._inside
        ]  # fmt: skip

    def _hear(self, frame: FrameType, event: str, _: object) -> None:
        if event not in {"call", "return"}:
            return
        code = frame.f_code
        if code not in self._is_own:
            plain = not code.co_flags & _NO_PLAIN_FUNCTION and not code.co_name.startswith("<")
            self._is_own[code] = plain and _below(code.co_filename, self._own)
        if not self._is_own[code]:
            return
        depth = self._depth.get(code, 0) + (1 if event == "call" else -1)
        self._depth[code] = depth
        if event == "call" and depth == 1:
            self._calls[code] = self._calls.get(code, 0) + 1
            self._entered[code] = time.perf_counter()
        elif event == "return" and depth == 0:
            self._inside[code] = self._inside.get(code, 0.0) + time.perf_counter() - self._entered[code]


def _timed(prepare: Callable[[], Prepared], profile: Profile | None = None) -> float:
    call, clean = prepare()
    began = time.perf_counter()
    if profile is None:
        call()
    else:
        with profile:
            call()
    seconds = time.perf_counter() - began
    clean()
    return seconds


def _folders(paths: list[str]) -> tuple[str, ...]:
    both = {form for path in paths for form in _forms(path)}
    return tuple(path.rstrip(os.sep) + os.sep for path in sorted(both))


def _below(file: str, folders: tuple[str, ...]) -> bool:
    return not file.startswith("<") and any(form.startswith(folders) for form in _forms(file))


def _forms(path: str) -> tuple[str, str]:
    """Return a path as it is called and as it is, whichever link leads there."""
    return os.path.abspath(path), os.path.realpath(path)  # noqa: PTH100 - not resolved, unlike Path.resolve
