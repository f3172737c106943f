"""``python -m benchmarks.startup``: the CPU time of short commands, and how many modules each of them loads.

The time is user and system time of the whole process; the smallest of several repetitions counts, the disk cache being
warm by then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "tests/data/pytest-benchmark/5.3.1-with-data.json"
REPETITIONS = 7

# (command line, the most seconds that it may take; None: no limit is promised)
COMMANDS = (
    (("--help",), None),
    (("upload", "--help"), None),
    (("compare", str(RESULT), str(RESULT)), 0.25),
    (("changes", str(RESULT)), None),
    (("check", "--help"), None),
)

COUNT_MODULES = """
import contextlib, io, sys
from perfgate.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[1:])
print(len(sys.modules))
"""


def main() -> int:
    """Print one line per command; return 1 if one takes longer than it may."""
    is_good = True
    print(f"{'perfgate':40} {'CPU s':>7} {'limit':>7} {'modules':>8}")
    for arguments, limit in COMMANDS:
        seconds = min(cpu_seconds(arguments) for _ in range(REPETITIONS))
        is_good = is_good and (limit is None or seconds <= limit)
        shown = " ".join(Path(word).name for word in arguments)
        print(f"{shown[:40]:40} {seconds:7.3f} {limit or '–':>7} {module_count(arguments):8}")
    return 0 if is_good else 1


def cpu_seconds(arguments: tuple[str, ...]) -> float:
    """Return the user and system time that the command takes."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([sys.executable, "-m", "perfgate", *arguments], stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def module_count(arguments: tuple[str, ...]) -> int:
    """Return how many modules are loaded when the command ends."""
    command = [sys.executable, "-c", COUNT_MODULES, *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    raise SystemExit(main())
