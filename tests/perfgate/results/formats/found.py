"""The runs and the refusals of a search, separately."""

from __future__ import annotations

from pathlib import Path

from perfgate.results.formats import FoundRun, find_results
from perfgate.results.records import Refusal
from tests.paths import DATA

ASV = DATA / "asv/0.6.6"
ASV_FILE = ASV / "results/sample/be26e622-virtualenv-py3.12.json"
SESSION = DATA / "pytest-benchmark/5.3.1-with-data.json"


def found_in(path: Path) -> list[FoundRun]:
    return [found for found in find_results(path) if isinstance(found, FoundRun)]


def refused_in(path: Path) -> list[Refusal]:
    return [found for found in find_results(path) if isinstance(found, Refusal)]
