"""Print the name of each benchmark of an asv suite: ``python -m perfgate_agent.asv.collect FOLDER``."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from asv_runner.discovery import disc_benchmarks, update_sys_path

from ..origins import origins_of_environment


def importable_benchmarks(folder: str) -> tuple[list[Any], list[str]]:
    """Return the benchmarks in all files of *folder* that can be imported, and why the first of the others cannot."""
    try:
        return list(disc_benchmarks(folder)), []
    except (Exception, SystemExit):  # noqa: BLE001 - code under test can raise anything when it is imported
        traceback.print_exc()
        errors = [" ".join(traceback.format_exc().strip().splitlines()[-1].split())]
        return list(disc_benchmarks(folder, True)), errors


def main() -> None:
    """Import the suite and print what it holds."""
    origins_of_environment()
    folder = sys.argv[1]
    update_sys_path(folder)
    found, _ = importable_benchmarks(folder)
    for benchmark in found:
        print(f"::{benchmark.name}")  # noqa: T201 - read by the process that measures


if __name__ == "__main__":
    main()
