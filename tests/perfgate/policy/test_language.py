"""Tests of `perfgate.policy.language` and `perfgate.policy.findings`: what perfgate.toml may say."""

from datetime import date

import pytest

from perfgate import policy
from perfgate.errors import InvalidPolicy
from perfgate.policy.rules import max_value
from perfgate.results.records import Policy

TEXT = """\
[[budget]]
max_regression = "5%"

[[budget]]
benchmarks = "bench.parse*"
metric = "time"
max_regression = 0.02
max = "5ms"

[[waiver]]
benchmarks = "bench.parse[large]"
max_regression = "8%"
until = 2027-01-31
owner = "release managers"
reason = "exact decimals"
"""


def test_the_last_matching_budget_decides() -> None:
    """The last table that sets a limit decides it, and the limit has the line of that table."""
    budgets = policy.read(Policy(text=TEXT))

    parse, other = budgets.max_regression("bench.parse[large]", "cpu_time"), budgets.max_regression("bench.x", "memory")
    assert (0.02, 4) == (parse.value, parse.line)
    assert (0.05, 1) == (other.value, other.line)


def test_a_waiver_is_read_with_its_line() -> None:
    """All keys of a [[waiver]] table and its line are in the waiver; without a metric it covers all of them."""
    expected = policy.Waiver(
        benchmarks="bench.parse[large]",
        metric="*",
        max_regression=0.08,
        until=date(2027, 1, 31),
        owner="release managers",
        reason="exact decimals",
        line=10,
    )

    assert (expected,) == policy.read(Policy(text=TEXT)).waivers


def test_without_a_table_the_default_budget_holds() -> None:
    """A repository without a policy has perfgate's default budget."""
    assert policy.DEFAULT_MAX_REGRESSION == policy.read(None).max_regression("any", "time").value


def test_a_largest_value_holds_for_its_unit_only() -> None:
    """A limit in seconds does not limit bytes."""
    budgets = policy.read(Policy(text=TEXT))

    kind = max_value.KIND

    found = budgets.limit(kind, "bench.parse", "wall_time", "s")
    assert found is not None
    assert pytest.approx(0.005) == found.value
    assert None is budgets.limit(kind, "bench.parse", "wall_time", "B")


def test_a_policy_may_stand_in_pyproject() -> None:
    """Tables below [tool.perfgate] in pyproject.toml are read in the same way."""
    text = '[project]\nname = "x"\n\n[[tool.perfgate.budget]]\nmax_regression = "7%"\n'
    limit = policy.read(Policy(text=text, path="pyproject.toml")).max_regression("any", "time")

    assert (0.07, 4) == (limit.value, limit.line)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[budget", 0, "Expected"),
        ("[[budget]]\n", 1, "neither"),
        ("\n[[budget]]\nmax_regresion = '3%'\n", 2, "max_regresion"),
        ("[[budget]]\nmax_regression = '3 parsecs'\n", 1, "parsecs"),
        ("[[budget]]\nmax_regression = '3ms'\n", 1, "share"),
        ("[[budget]]\nmax_regression = 3\n", 1, "tenfold"),
        ("[[budget]]\nmax = nan\n", 1, "at least 0"),
        ("[[budget]]\nmax = true\n", 1, "bool"),
        (
            "\n[[waiver]]\nbenchmarks = 'x'\nmax_regression = '3ms'\nuntil = 2027-01-01\nowner = 'o'\nreason = 'r'\n",
            2,
            "max_regression = '3ms': a share",
        ),
        (
            "\n[[waiver]]\nbenchmarks = 'x'\nmax_regression = nan\nuntil = 2027-01-01\nowner = 'o'\nreason = 'r'\n",
            2,
            "max_regression = nan: must be a number of at least 0",
        ),
        (
            "[[waiver]]\nbenchmarks = 'x'\nmax_regression = '3%'\nuntil = 2027-01-01\nowner = ''\nreason = 'r'\n",
            1,
            "owner",
        ),
        ("[budget]\nmax = 1\n", 0, "budget"),
        ("limits = 1\n", 0, "limits"),
    ],
)
def test_an_invalid_policy_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    """The error has the line of the table and quotes the invalid text."""
    with pytest.raises(InvalidPolicy) as caught:
        policy.read(Policy(text=text))

    assert line == caught.value.line
    assert str(caught.value).startswith("perfgate.toml")
    assert words in str(caught.value)


def test_the_policy_of_a_repository_is_found() -> None:
    """perfgate.toml is preferred to pyproject.toml; with neither there is no policy."""
    files = {"pyproject.toml": "[project]\n"}
    assert None is policy.find(files.get)

    table = files["pyproject.toml"] = "[[tool.perfgate.budget]]\nmax = 1\n"
    assert Policy(text=table, path="pyproject.toml", revision="b1") == policy.find(files.get, "b1")

    files["perfgate.toml"] = "# ours\n"
    assert Policy(text="# ours\n", path="perfgate.toml", revision="b1") == policy.find(files.get, "b1")
    assert Policy(text="# ours\n", path="perfgate.toml") == policy.find(files.get)


def test_an_invalid_table_in_pyproject_is_refused_with_its_line() -> None:
    """An unknown key below [[tool.perfgate.budget]] has the line of that table in pyproject.toml."""
    text = '[project]\nname = "x"\n\n[[tool.perfgate.budget]]\nmaximum = 1\n'
    with pytest.raises(InvalidPolicy) as caught:
        policy.read(Policy(text=text, path="pyproject.toml"))

    assert 4 == caught.value.line
    assert str(caught.value).startswith("pyproject.toml")
