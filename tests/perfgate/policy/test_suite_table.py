"""The table [suite] is checked when it is read, and knows which suite it is about."""

from __future__ import annotations

import pytest

from perfgate import policy
from perfgate.errors import InvalidPolicy
from perfgate.policy.suite_table import SuiteTable
from perfgate.results.records import Policy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("pakages = []", "pakages"),
        ("packages = 'numpy'", "packages"),
        ("environment.'A B' = 'x'", "environment"),
        ("python = ''", "python"),
    ],
)
def test_a_bad_table_is_named_with_its_line(text: str, why: str) -> None:
    """The message has the line of the table and the key."""
    with pytest.raises(InvalidPolicy, match=rf"perfgate.toml:2: .*{why}"):
        policy.read(Policy(text=f"# mine\n[suite]\n{text}\n"))


def test_a_table_is_read_from_either_file() -> None:
    """In pyproject.toml it stands below tool.perfgate."""
    own = policy.read(Policy(text="[suite]\ntool = 'asv'\n"))
    project = policy.read(Policy(text="[tool.perfgate.suite]\ntool = 'asv'\n", path="pyproject.toml"))

    assert SuiteTable(tool="asv") == own.suite == project.suite
    assert SuiteTable() == policy.read(None).suite


@pytest.mark.parametrize(
    ("table", "suite", "expected"),
    [
        (SuiteTable(), "asv", True),
        (SuiteTable(tool="asv"), "asv", True),
        (SuiteTable(tool="asv"), None, True),
        (SuiteTable(tool="asv"), "pytest-benchmark", False),
        (SuiteTable(path="bench"), "bench", True),
        (SuiteTable(path="bench"), "tests", False),
    ],
)
def test_a_table_describes_one_suite(table: SuiteTable, suite: str | None, expected: bool) -> None:
    """A table that names neither tool nor path describes the only suite there is."""
    assert expected is table.describes(suite)
