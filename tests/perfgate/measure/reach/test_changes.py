"""A change that may affect benchmarks in a way that no trace shows exempts none of them, and names the file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from perfgate.measure.reach.changes import changed_files, reason_for_gating_all
from perfgate.measure.suites import Suite
from tests.perfgate.measure.conftest import Project
from tests.perfgate.measure.reach.conftest import FILES

SUITE = Suite(tool="pytest-benchmark", files=(Path("benchmarks/test_sums.py"),))

Reason = Callable[[Suite | None], str]


@pytest.fixture
def reason(shop: Project) -> Reason:
    """Return the reason that a change between base and HEAD gives."""

    def reason(suite: Suite | None) -> str:
        base, head = (shop.git("rev-parse", name) for name in ("base", "HEAD"))
        return reason_for_gating_all(shop.path, base, head, changed_files(shop.path, base, head), suite)

    return reason


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("shop/fast.c", "int x;\n", "belongs to native code or to the build"),
        ("setup.cfg", "[metadata]\n", "belongs to native code or to the build"),
        ("pyproject.toml", "[project]\nname = 'shop'\n", "says how the project is built"),
        ("pyproject.toml", "[project\n", "says how the project is built"),
        ("requirements.txt", "numpy\n", "says which dependencies are installed"),
        ("uv.lock", "", "says which dependencies are installed"),
        ("benchmarks/conftest.py", "", "affects all benchmarks"),
        ("asv.conf.json", "{}", "affects all benchmarks"),
        ("benchmarks/test_sums.py", "", "belongs to the benchmarks themselves"),
        ("shop/prices.csv", "2\n", "may be read as data"),
        ("shop/new.py", "", "appears or disappears, so that another module may be imported in its place"),
    ],
)
def test_a_change_that_no_trace_shows_is_named(
    changed: Callable[[dict[str, str]], str], reason: Reason, path: str, text: str, expected: str
) -> None:
    """The file and its effect are in the sentence, also if another file is harmless."""
    changed({path: text, "README.md": "Other.\n"})

    assert f"No benchmark is exempt: `{path}` {expected}." == reason(SUITE)


@pytest.mark.parametrize(
    "path", ["README.md", "docs/usage.txt", "docs/index.rst", ".github/workflows/ci.yml", "LICENSE", "perfgate.toml"]
)
def test_prose_and_settings_of_other_tools_are_harmless(
    changed: Callable[[dict[str, str]], str], reason: Reason, path: str
) -> None:
    """A benchmark that reads such a file is gated all the same, because a trace shows that it does."""
    changed({path: "Other.\n", "shop/sums.py": "def total(count):\n    return count\n"})

    assert "" == reason(SUITE)


def test_a_removed_or_renamed_module_is_named(shop: Project, reason: Reason) -> None:
    """Another module of that name may now be imported."""
    shop.git("checkout", "--quiet", "--detach", "base")
    shop.git("mv", "shop/late.py", "shop/later.py")
    shop.commit("Rename", {})

    assert "`shop/late.py` appears or disappears" in reason(SUITE)


def test_settings_of_a_linter_are_harmless(changed: Callable[[dict[str, str]], str], reason: Reason) -> None:
    """Tables of pyproject.toml for tools that neither build nor run anything may change."""
    changed({"pyproject.toml": FILES["pyproject.toml"].replace("100", "120")})
    assert "" == reason(SUITE)

    changed({"pyproject.toml": FILES["pyproject.toml"].replace("'7'", "'8'")})
    assert "`pyproject.toml` says how the project is built" in reason(SUITE)


def test_benchmarks_are_not_known_before_the_suite_is(changed: Callable[[dict[str, str]], str], reason: Reason) -> None:
    """Without a suite, a changed test file does not yet keep the base from being traced."""
    changed({"benchmarks/test_sums.py": ""})

    assert "" == reason(None)
    assert "" != reason(SUITE)
