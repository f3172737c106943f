"""Edit a source file so that one function becomes slower by a known factor."""

from __future__ import annotations

import ast
import io
import warnings
from pathlib import Path

_NAME = "_perfgate_canary"

_SOURCE = '''
def {name}(function):
    """Make *function* slower by a known part: planted by perfgate to check its gate."""
    import functools
    from time import {clock} as clock

    running = False
    own = 0.0

    def slowed(function):
        @functools.wraps(function)
        def slow(*args, **kwargs):
            nonlocal running
            if running:
                return function(*args, **kwargs)
            running = True
            began = clock()
            try:
                return function(*args, **kwargs)
            finally:
                ended = clock()
                until = ended + (ended - began) * {factor!r} - own
                while clock() < until:
                    pass
                running = False

        return slow

    empty = slowed(lambda: None)
    costs = []
    for _ in range(101):
        before = clock()
        empty()
        costs.append(clock() - before)
    own = sorted(costs)[50]
    return slowed(function)

'''


def add_slowdown(file: Path, line: int, factor: float, *, clock: str = "process_time") -> bool:
    """Decorate the function that begins in *line* so that each call takes *factor* more of its time; return success.

    The function does what it did. It waits, busily, after each call; recursive calls do not wait again. What waiting itself
    costs is part of the wait. The clock must be the one that the benchmark is judged by: on a busy machine, wall time goes
    on while the function stands still, and a wait for a part of it takes far more CPU time than that part.

    Args:
        file: Source file, UTF-8.
        line: First line of the definition, decorators included; 1-based.
        factor: 0.3 makes a call take 1.3 times as long.
        clock: ``process_time``, or ``perf_counter`` for wall time.
    """
    content = _slowed(file, line, factor, clock)
    if content is None:
        return False
    file.write_bytes(content)
    return True


def can_be_slowed(file: Path, line: int) -> bool:
    """Return whether `add_slowdown` can edit this file, without doing so."""
    return _slowed(file, line, 0.0, "process_time") is not None


def _slowed(file: Path, line: int, factor: float, clock: str) -> bytes | None:
    """Return the edited content; None if that is not possible."""
    try:
        text = file.read_bytes().decode("utf-8")
        with warnings.catch_warnings(action="ignore"):  # warnings about the project's own code are of no use here
            tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return None
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    definition = next((function.lineno for function in functions if _first_line(function) == line), None)
    if definition is None:
        return None
    lines = io.StringIO(text, newline="").readlines()  # splits where Python does, unlike str.splitlines
    indentation, found, _ = lines[definition - 1].partition("def ")
    if not found or indentation.strip():
        return None
    newline = "\r\n" if lines[0].endswith("\r\n") else "\n"
    lines.insert(definition - 1, f"{indentation}@{_NAME}{newline}")
    source = _SOURCE.format(name=_NAME, factor=factor, clock=clock).replace("\n", newline)
    lines.insert(_line_before_code(tree), newline + source)
    return "".join(lines).encode("utf-8")


def _first_line(function: ast.FunctionDef) -> int:
    """Return the first line of a function's definition, decorators included."""
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def _line_before_code(tree: ast.Module) -> int:
    """Return the number of the last line of the module's docstring and future imports; 0 if there are none."""
    last = 0
    for node in tree.body:
        is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (is_text or is_future):
            break
        last = node.end_lineno or last
    return last
