"""Results that need another file find it."""

from __future__ import annotations

import shutil
from pathlib import Path

from perfgate.results.formats import read_results, read_run
from tests.perfgate.results.formats.found import ASV, ASV_FILE, found_in


def test_a_file_alone_finds_its_context() -> None:
    """One asv result alone is read with the benchmarks.json above it: the parameters have their names."""
    run = read_results(ASV_FILE)

    assert any("kind" in sample.benchmark.parameters for sample in run.samples)
    (found,) = found_in(ASV_FILE)
    assert run == read_run(found.data, name=found.name, context=found.context)


def test_each_tree_has_its_own_context(tmp_path: Path) -> None:
    """A result is read with the context above its own folder, not with that of another tree."""
    for root in ("a", "b"):
        shutil.copytree(ASV, tmp_path / root)
    (tmp_path / "b/results/benchmarks.json").write_text('{"version": 2}')

    first, second = found_in(tmp_path)

    assert first.context != second.context == b'{"version":2}'


def test_a_bad_context_beside_a_file_is_ignored(tmp_path: Path) -> None:
    """If the context in the parent folder is malformed, the one in the file's folder is used."""
    folder = tmp_path / "results/sample"
    folder.mkdir(parents=True)
    shutil.copy(ASV_FILE, folder)
    shutil.copy(ASV / "results/benchmarks.json", folder)
    (tmp_path / "results/benchmarks.json").write_text("[]")

    assert read_results(ASV_FILE) == read_results(folder / ASV_FILE.name)
