"""pytest-benchmark's files are recognized by their ends, and identified by their place in the storage."""

from __future__ import annotations

import pytest

from perfgate.results.formats import read_results
from perfgate.results.formats.pytest_benchmark import FORMAT
from tests.perfgate.results.formats.found import SESSION


@pytest.mark.parametrize("padding", [0, 60_000])
def test_the_machine_is_near_the_start_or_the_end(padding: int) -> None:
    """The key is found on either side of many measurements, and not looked for among them."""
    space = b" " * padding
    middle = b" " * 70_000

    assert FORMAT.recognizes(space + b'{"machine_info": {}' + middle)
    assert FORMAT.recognizes(middle + b'"machine_info": {}}' + space)
    assert not FORMAT.recognizes(middle + b'"machine_info"' + middle)


def test_a_file_is_identified_by_its_place_in_the_storage() -> None:
    """The path to the storage folder does not matter; an upload replaces nothing, because CI numbers each session 0001."""
    name = "Linux-CPython-3.12-64bit/0001_baseline.json"

    assert name == FORMAT.identity(f"a/.benchmarks/{name}") == FORMAT.identity(name)
    assert "" == FORMAT.upload_identity(name, read_results(SESSION))
