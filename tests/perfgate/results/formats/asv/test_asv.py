"""asv's files are recognized and identified as asv itself does."""

from __future__ import annotations

import pytest

from perfgate.results.formats import read_results
from perfgate.results.formats.asv import FORMAT
from tests.perfgate.results.formats.found import ASV_FILE


@pytest.mark.parametrize(
    ("name", "is_result"),
    [("be26e622-virtualenv-py3.12.json", True), ("machine.json", False), ("be26e62-x.json", False)],
)
def test_results_are_named_by_commit_and_environment(name: str, is_result: bool) -> None:
    """Eight digits of the commit begin a result's name; another JSON file is only a candidate."""
    assert is_result == FORMAT.is_result_name(name)
    assert FORMAT.is_candidate(name)


def test_the_machine_and_the_name_identify_a_file() -> None:
    """Of an upload without a folder, the machine comes from the file; a file with another name has no identity."""
    run = read_results(ASV_FILE)
    name = ASV_FILE.name

    assert f"asv:sample/{name}" == FORMAT.identity(f"a/b/sample/{name}")
    assert f"asv:sample/{name}" == FORMAT.upload_identity(name, run)
    assert f"asv:other/{name}" == FORMAT.upload_identity(f"other/{name}", run)
    assert "" == FORMAT.upload_identity("upload.json", run)
