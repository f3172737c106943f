"""Change statistics, gate and policy one expression at a time, and report which changes no test notices: `make mutants`.

mutmut does the work; pyproject.toml, ``[tool.mutmut]``, says what is changed and which tests run. Its results stay in
``mutants/``, so a second run only checks what differs. ``mutmut show NAME`` prints one change, ``mutmut browse`` all.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

MUTMUT = str(Path(sys.executable).with_name("mutmut"))


def pattern(path: str) -> str:
    """Return the pattern of the mutants in a file or folder.

    >>> pattern("perfgate/gate/"), pattern("perfgate/stats/rates.py")
    ('perfgate.gate.*', 'perfgate.stats.rates.*')
    """
    return path.removesuffix("/").removesuffix(".py").removesuffix("/__init__").replace("/", ".") + ".*"


def results(patterns: list[str]) -> dict[str, str]:
    """Return the status of the mutants that match one of *patterns*, by name."""
    done = subprocess.run([MUTMUT, "results", "--all", "true"], check=True, capture_output=True, text=True)  # noqa: S603 - our own tool
    found = (line.strip().split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    return {name: status for name, status in found if any(fnmatchcase(name, pattern) for pattern in patterns)}


def main() -> int:
    """Run the mutants of the paths that are given, or all; print the score and the mutants that survived."""
    parser = argparse.ArgumentParser(description="Run mutants and print the share that the tests notice.")
    parser.add_argument("paths", nargs="*", help="files or folders, such as perfgate/gate (all)")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    patterns = [pattern(path) for path in arguments.paths] or ["*"]
    command = [MUTMUT, "run", "--max-children", str(arguments.processes)]
    subprocess.run(command + (patterns if arguments.paths else []), check=False)  # noqa: S603 - our own tool
    counts = Counter[str]()
    for name, status in results(patterns).items():
        counts[status] += 1
        if status not in {"killed", "timeout", "not checked"}:
            print(f"{status:10} {name}")
    checked = counts.total() - counts["not checked"]
    noticed = counts["killed"] + counts["timeout"]
    share = f"{noticed / checked:.1%}" if checked else "none"
    print(f"score: {noticed:,} of {checked:,} mutants noticed, {share}")
    return 0 if checked else 1


if __name__ == "__main__":
    sys.exit(main())
