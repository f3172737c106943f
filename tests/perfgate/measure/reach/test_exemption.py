"""Benchmarks that a change cannot reach are exempt; a base is traced once, and only if that can exempt any."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.errors import InvalidInput
from perfgate.measure.cache import TRACES, Cache
from perfgate.measure.reach import closure as closures
from perfgate.measure.reach import exemption
from perfgate.measure.reach.closure import Closure
from perfgate.measure.reach.exemption import ASSUMES_BUILD, ASSUMPTIONS, exempt, reason_against
from perfgate.measure.suites import Suite
from tests.perfgate.measure.conftest import CLEARS_ENVIRONMENT, Project
from tests.perfgate.measure.reach.conftest import TEST

_FILES = {
    "shop.py": "def total():\n    return sum(range(30))\n",
    "words.py": "def words():\n    return 'a b'.split()\n",
    "benchmarks/conftest.py": CLEARS_ENVIRONMENT,
    "benchmarks/test_shop.py": "import shop\n\ndef test_total(benchmark):\n    benchmark(shop.total)\n",
    "benchmarks/test_words.py": "import words\n\ndef test_words(benchmark):\n    benchmark(words.words)\n",
}
ORDERED, TOTAL = f"{TEST}sorts.py::test_ordered", f"{TEST}sums.py::test_total[count=3]"
STARTS, EXITS = f"{TEST}wild.py::test_starts_a_process", f"{TEST}wild.py::test_exits"
WORDS = frozenset({"benchmarks/test_words.py::test_words"})


@pytest.fixture
def cached_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a base, a change of one module, one of a dependency, and an empty cache."""
    monkeypatch.setenv("PERFGATE_CACHE_DIR", str(tmp_path / "cache"))
    project = Project(tmp_path / "shop")
    project.path.mkdir()
    project.git("init", "--quiet", "--initial-branch=main")
    project.commit("First", _FILES)
    project.git("tag", "base")
    project.commit("Change", {"shop.py": _FILES["shop.py"].replace("30", "40")})
    project.git("tag", "changed")
    project.commit("Bump", {"requirements.txt": "words==2\n"})
    return project


def told(shop: Project, head: str) -> tuple[exemption.Exemption, list[str]]:
    said: list[str] = []
    return exemption.find(shop.path, "base", head, progress=said.append), said


def test_a_base_is_traced_once(cached_shop: Project, tmp_path: Path) -> None:
    """The second time the cached trace is used; if it is damaged, the base is traced again."""
    first, began = told(cached_shop, "changed")
    again, repeated = told(cached_shop, "changed")
    (entry,) = (tmp_path / "cache" / TRACES).glob("*/content/value")
    entry.write_bytes(entry.read_bytes()[:-1])
    anew, renewed = told(cached_shop, "changed")

    assert WORDS == first.labels
    assert first == again == anew
    assert ([], began) == (repeated, renewed)
    assert any(text.startswith("tracing ") for text in began)


def test_an_entry_that_is_no_trace_is_not_used(cached_shop: Project) -> None:
    """An entry that is no trace counts as absent: the base is traced again."""
    python = Path(sys.executable).absolute()
    key = exemption._key(cached_shop.path, "base", suite=None, select=None, install="auto", python=python)
    Cache(TRACES).save(key, b'{"base": 1}')
    found, said = told(cached_shop, "changed")

    assert WORDS == found.labels
    assert said


def test_a_base_is_not_traced_if_nothing_can_be_exempt(cached_shop: Project) -> None:
    """Whether any benchmark can be exempt follows from the diff, before anything is traced."""
    found, said = told(cached_shop, "main")

    assert (frozenset(), ()) == (found.labels, found.assumptions)
    assert "dependencies" in found.notes[0]
    assert [] == said


def test_a_base_that_cannot_be_traced_exempts_nobody(cached_shop: Project) -> None:
    """All benchmarks are gated, and the note has the reason."""
    cached_shop.git("checkout", "--quiet", "--detach", "base")
    cached_shop.git("rm", "--quiet", "-r", "benchmarks")
    cached_shop.commit("No benchmarks", {})
    cached_shop.commit("Prose", {"README.md": "A shop.\n"})
    found = exemption.find(cached_shop.path, "HEAD~1", "HEAD")

    assert frozenset() == found.labels
    assert "the base could not be traced: found no benchmarks" in found.notes[0]


def test_a_trace_that_takes_too_long_leaves_the_rest_gated(
    cached_shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark that was not reached in time is not exempt, and has the reason."""
    monkeypatch.setattr(closures, "TRACE_SECONDS", 0.0)
    monkeypatch.setattr(closures, "TRACE_SECONDS_PER_BENCHMARK", 0.0)
    traced = closures.trace(cached_shop.path, "base")

    assert frozenset() == traced.eligible
    assert {"it was not traced: tracing was stopped after 0 s, before"} == set(traced.untraceable.values())


@pytest.fixture
def closure(shop: Project) -> Closure:
    """What three benchmarks of the shared project reach, and one that cannot be traced."""
    files = {
        ORDERED: frozenset({"benchmarks/test_sorts.py", "shop/__init__.py", "shop/limits.py", "shop/sorts.py"}),
        TOTAL: frozenset({"benchmarks/test_sums.py", "shop/__init__.py", "shop/sums.py"}),
        STARTS: frozenset({"benchmarks/test_wild.py", "shop/__init__.py"}),
    }
    return Closure(
        base=shop.git("rev-parse", "base"),
        suite=Suite(tool="pytest-benchmark", files=tuple(Path(label.partition("::")[0]) for label in files)),
        files=files,
        untraceable={STARTS: "it starts processes", EXITS: "it was not traced: its process ended"},
        native=frozenset({TOTAL}),
    )


def test_a_changed_module_exempts_benchmarks_that_do_not_reach_it(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A constant changes: only the benchmarks whose modules import it are gated; documentation affects none."""
    head = changed({"shop/limits.py": "LIMIT = 200\n", "README.md": "A better shop.\n", "docs/usage.txt": "Enjoy.\n"})

    found = exempt(shop.path, "base", head, closure)

    assert "" == reason_against(shop.path, "base", head)
    assert {TOTAL} == found.labels
    assert (*ASSUMPTIONS, ASSUMES_BUILD) == found.assumptions
    assert "1 of 4 benchmarks reach none of the files that differ (3 files)." == found.notes[0]
    assert f"What `{EXITS}` and 1 more reaches is not known: it was not traced: its process ended." == found.notes[1]
    everything = exempt(shop.path, "base", changed({"shop/__init__.py": "1\n"}), closure)
    assert (frozenset(), ()) == (everything.labels, everything.assumptions)


def test_a_change_that_no_trace_shows_exempts_no_benchmark(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """The reason is the only note, and nothing is assumed."""
    found = exempt(shop.path, "base", changed({"shop/fast.c": "int x;\n"}), closure)

    assert (frozenset(), ()) == (found.labels, found.assumptions)
    assert (reason_against(shop.path, "base", "HEAD"),) == found.notes


def test_native_code_is_exempt_only_if_nothing_else_may_build_it(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A changed Python file that no benchmark runs may generate native code; one that a benchmark runs does not."""
    known = exempt(shop.path, "base", changed({"shop/limits.py": "LIMIT = 200\n"}), closure)
    assert TOTAL in known.labels
    assert ASSUMES_BUILD in known.assumptions

    unknown = exempt(shop.path, "base", changed({"make_tables.py": "2\n"}), closure)
    assert {ORDERED} == unknown.labels
    assert ASSUMES_BUILD not in unknown.assumptions
    assert "`make_tables.py` may take part" in unknown.notes[-1]


def test_a_closure_belongs_to_its_base(
    shop: Project, closure: Closure, changed: Callable[[dict[str, str]], str]
) -> None:
    """A closure of another commit is refused."""
    head = changed({"README.md": "Other.\n"})
    with pytest.raises(InvalidInput, match="trace the base again"):
        exempt(shop.path, head, head, closure)
