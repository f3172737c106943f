"""The `perfgate` command: arguments in, exit code out.

A subcommand is a module in `perfgate.commands` with ``add_arguments(parser)`` and ``run(arguments) -> int``.
Only the chosen one is imported: ``perfgate upload`` does not wait for numpy. The exit codes are those of
`perfgate.commands.exit_codes`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Collection, Iterator, Sequence
from types import FrameType, ModuleType
from typing import Never

from perfgate import __version__
from perfgate.commands.exit_codes import ERROR
from perfgate.errors import InvalidInput, PerfgateError

COMMANDS = {
    "init": "set up a repository: write its workflow and a commented policy",
    "run": "measure the suite of a repository at one revision and write a result file",
    "check": "measure two revisions side by side and give one verdict",
    "merge": "join the result files of a sharded check and give one verdict",
    "bridge": "measure how much of a level shift across two environments the code caused",
    "bisect": "find the commit that made a benchmark slower",
    "compare": "compare two result files",
    "changes": "find the change points of a history",
    "doctor": "examine whether this machine is fit to measure on",
    "ci": "run one of the two jobs of a GitHub Actions workflow",
    "selftest": "try once everything that perfgate does on GitHub, and say what is missing",
    "upload": "send result files to a perfgate server",
}


_ONLY_POSIX = frozenset({"fcntl", "resource"})
"""Modules that Windows does not have, and that measuring needs."""

_SIGPIPE = 13
"""`signal.SIGPIPE`, which Windows does not have."""


def console_script() -> int:
    """Run the command line as a process of its own: let signals end it cleanly, and return the exit code."""
    with raise_on_termination():
        try:
            code = main()
            sys.stdout.flush()
        except KeyboardInterrupt:
            print("perfgate: stopped", file=sys.stderr)
            return 128 + signal.SIGINT
        except BrokenPipeError:
            # The reader of our output has ended (`perfgate … | head`); without this, the flush at exit fails again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 128 + _SIGPIPE
        return code


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; signal handlers stay as they are, and Ctrl-C reaches the caller.

    Args:
        argv: What follows ``perfgate`` on the command line; None: the arguments of this process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = parser(arguments[:1]).parse_args(arguments)
        code: int = options.run(options)
    except PerfgateError as error:
        print(f"perfgate: {error}", file=sys.stderr)
        return ERROR
    return code


@contextlib.contextmanager
def raise_on_termination() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `SystemExit` in the main thread, so that processes and folders are cleaned up.

    A second signal is ignored while the first one is handled. The former handlers return at the end. The library
    installs no signal handlers: only a program's entry point uses this.
    """
    # Windows has no SIGHUP.
    signals = [found for name in ("SIGTERM", "SIGHUP") if (found := getattr(signal, name, None)) is not None]

    def leave(number: int, _: FrameType | None) -> Never:
        for handled in signals:
            signal.signal(handled, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def parser(loaded: Collection[str] = COMMANDS.keys()) -> argparse.ArgumentParser:
    """Return the parser of the whole command line.

    Args:
        loaded: Subcommands whose modules are imported and whose arguments are declared; the others are only listed.
    """
    whole = argparse.ArgumentParser(
        prog="perfgate",
        description="Tells you whether your code got slower, and how it knows.",
        epilog="exit codes: 0 pass, 1 budget broken, 2 error, 3 undecidable",
    )
    whole.add_argument("--version", action="version", version=f"perfgate {__version__}")
    subcommands = whole.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in COMMANDS.items():
        subparser = subcommands.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if name in loaded:
            module = _command(name)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return whole


def _command(name: str) -> ModuleType:
    """Return the module of a subcommand.

    Raises:
        InvalidInput: It cannot run on this system.
    """
    try:
        return importlib.import_module(f"perfgate.commands.{name}")
    except ModuleNotFoundError as error:
        if error.name not in _ONLY_POSIX:
            raise
        raise InvalidInput(
            f"'perfgate {name}' measures on Linux and macOS only: on Windows, run it in WSL. 'compare', 'changes', 'merge'"
            " and 'upload' work here"
        ) from error
