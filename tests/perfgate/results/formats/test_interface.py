"""A format without overrides has the defaults that the interface documents."""

from __future__ import annotations

import re

from perfgate.results.formats import Format, Part
from perfgate.results.records import Commit, Environment, Run

RUN = Run(suite="x", tool="x", commit=Commit(sha="a" * 40), environment=Environment(name="x"))


class Minimal(Format):
    title = "minimal"
    candidates = re.compile(r"a\..*")

    def recognizes(self, data: bytes) -> bool:
        return bool(data)

    def read(self, data: bytes, *, name: str, context: bytes | None = None) -> Run:
        raise NotImplementedError(data, name, context)


def test_a_file_is_one_run_and_is_identified_by_its_path() -> None:
    """By default a file holds one run, its path is its identity, and an upload has none."""
    assert [Part(b"1", "b/a.json")] == list(Minimal().split(b"1", name="b/a.json"))
    assert "" == Minimal().upload_identity("b/a.json", RUN)
    assert b"1" == Minimal().read_context(b"1", name="x")


def test_names_match_as_a_whole() -> None:
    """A pattern that matches only a part of the name does not count; without a pattern, no name must be a result."""
    assert Minimal().is_candidate("a.json")
    assert not Minimal().is_candidate("ba.json")
    assert not Minimal().is_result_name("a.json")
