"""A ``data.js`` is split into runs; one of these runs is read like any other file."""

from __future__ import annotations

import pytest

from perfgate.errors import UnknownFormat
from perfgate.results.formats import Part
from perfgate.results.formats.github_action_benchmark import FORMAT

DOCUMENT = b'{"github_action_benchmark":1,"entry":"e","bench":{"commit":{"id":"aaaaaaaa"}}}'
HISTORY = b'window.BENCHMARK_DATA = {"entries": {"e": [{"commit": {"id": "aaaaaaaa"}}]}}'


def test_a_history_and_its_documents_are_recognized() -> None:
    """Both forms are this format, and nothing else is."""
    assert FORMAT.recognizes(HISTORY)
    assert FORMAT.recognizes(DOCUMENT)
    assert not FORMAT.recognizes(b'{"entries": {}}')


def test_a_document_is_one_run() -> None:
    """A document that was uploaded before is found again as a file of its own, under its path."""
    assert [Part(DOCUMENT, "x/a.json")] == list(FORMAT.split(DOCUMENT, name="x/a.json"))
    (part,) = FORMAT.split(HISTORY, name="data.js")
    assert isinstance(part, Part)
    assert "data.js:e/aaaaaaaa/0" == part.identity
    assert FORMAT.read(DOCUMENT, name="x").commit == FORMAT.read(part.data, name="x").commit


def test_a_history_is_not_one_run() -> None:
    """The error names the command that imports all runs."""
    with pytest.raises(UnknownFormat, match="import_results"):
        FORMAT.read(HISTORY, name="data.js")
