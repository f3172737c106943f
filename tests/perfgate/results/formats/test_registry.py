"""Every folder of a tool is one format, and no two formats claim one file."""

from __future__ import annotations

import pytest

from perfgate.results.formats import FoundRun, all_formats
from perfgate.results.formats.registry import explain_unrecognized, recognize
from tests.paths import DATA
from tests.perfgate.results.formats.found import found_in


@pytest.mark.parametrize("found", found_in(DATA), ids=lambda found: found.name)
def test_recognition_is_exclusive(found: FoundRun) -> None:
    """Each of our files is recognized by one format only."""
    formats = [candidate for candidate in all_formats() if candidate.recognizes(found.data)]

    assert [recognize(found.data)] == formats


def test_every_tool_is_found() -> None:
    """The formats are the folders; those that look for words anywhere in a file are asked last."""
    assert ["github-action-benchmark", "perfgate", "pytest-benchmark", "pytest-codspeed", "asv"] == [
        known.title for known in all_formats()
    ]


def test_unrecognized_data_are_explained() -> None:
    """The explanation names the tools, and what is wrong with the JSON."""
    names = "asv, github-action-benchmark, perfgate, pytest-benchmark or pytest-codspeed"

    assert f"JSON, but no result of {names}: use a result file of one of these" == explain_unrecognized(b"{}")
    assert explain_unrecognized(b"{").startswith("not JSON: ")
    assert explain_unrecognized(b"{").endswith(f"not recognized as a result of {names}")
