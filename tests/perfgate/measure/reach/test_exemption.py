"""Finding what a change cannot reach: no trace where it is in vain, and no second trace of one base."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from perfgate.measure.cache import TRACES, Cache
from perfgate.measure.reach import closure, exemption
from tests.perfgate.measure.conftest import CLEARS_ENVIRONMENT, Project

FILES = {
    "shop.py": "def total():\n    return sum(range(30))\n",
    "words.py": "def words():\n    return 'a b'.split()\n",
    "benchmarks/conftest.py": CLEARS_ENVIRONMENT,
    "benchmarks/test_shop.py": "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total)\n",
    "benchmarks/test_words.py": "import words\n\ndef test_words(benchmark):\n    benchmark(words.words)\n",
}
WORDS = frozenset({"benchmarks/test_words.py::test_words"})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a base, a change of one module, one of a dependency, and an empty cache."""
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    project = Project(tmp_path / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", FILES)
    project.git("tag", "base")
    project.commit("Change", {"shop.py": FILES["shop.py"].replace("30", "40")})
    project.git("tag", "changed")
    project.commit("Bump", {"requirements.txt": "words==2\n"})
    return project


def told(shop: Project, head: str) -> tuple[closure.Exemption, list[str]]:
    said: list[str] = []
    return exemption.find(shop.path, "base", head, progress=said.append), said


def test_a_base_is_traced_once(shop: Project, tmp_path: Path) -> None:
    """The second time, and from another folder of the repository, the kept trace answers the same; damaged, it is made anew."""
    first, began = told(shop, "changed")
    again, repeated = told(shop, "changed")
    (entry,) = (tmp_path / "cache" / TRACES).glob("*/content/value")
    entry.write_bytes(entry.read_bytes()[:-1])
    anew, renewed = told(shop, "changed")

    assert WORDS == first.labels
    assert first == again == anew
    assert ([], began) == (repeated, renewed)
    assert any(text.startswith("tracing ") for text in began)


def test_a_kept_trace_of_another_form_is_not_read(shop: Project) -> None:
    """What is whole but cannot be read as a trace is none: the base is traced anew."""
    python = Path(sys.executable).absolute()
    key = exemption._key(shop.path, "base", suite=None, select=None, install="auto", python=python)
    Cache(TRACES).save(key, b'{"base": 1}')
    found, said = told(shop, "changed")

    assert WORDS == found.labels
    assert said


def test_nothing_is_traced_in_vain(shop: Project) -> None:
    """A change that lets nobody be exempt is seen from the diff alone."""
    found, said = told(shop, "main")

    assert (frozenset(), ()) == (found.labels, found.assumptions)
    assert "dependencies" in found.notes[0]
    assert [] == said


def test_a_base_that_cannot_be_traced_exempts_nobody(shop: Project) -> None:
    """All is gated then, and the reason said."""
    shop.git("checkout", "--quiet", "--detach", "base")
    shop.git("rm", "--quiet", "-r", "benchmarks")
    shop.commit("No benchmarks", {})
    shop.commit("Prose", {"README.md": "A shop.\n"})
    found = exemption.find(shop.path, "HEAD~1", "HEAD")

    assert frozenset() == found.labels
    assert "the base could not be traced: found no benchmarks" in found.notes[0]


def test_a_trace_that_takes_too_long_leaves_the_rest_gated(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not reached in time is not exempt, and the reason is kept with it."""
    monkeypatch.setattr(closure, "TRACE_SECONDS", 0.0)
    monkeypatch.setattr(closure, "TRACE_SECONDS_EACH", 0.0)
    traced = closure.trace(shop.path, "base")

    assert frozenset() == traced.eligible
    assert {"it was not traced: tracing was stopped after 0 s, before"} == set(traced.never.values())
