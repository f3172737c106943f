"""What perfgate.toml may say, and how it is told off."""

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
    """The last rule that sets a limit decides it, and says on which line it stands."""
    budgets = policy.read(Policy(text=TEXT))

    parse, other = budgets.max_regression("bench.parse[large]", "cpu_time"), budgets.max_regression("bench.x", "memory")
    assert (0.02, 4) == (parse.value, parse.line)
    assert (0.05, 1) == (other.value, other.line)


def test_without_a_rule_the_default_budget_holds() -> None:
    """A repository without a policy is gated with perfgate's default."""
    assert policy.DEFAULT_MAX_REGRESSION == policy.read(None).max_regression("any", "time").value


def test_a_largest_value_holds_for_its_own_unit_only() -> None:
    """A limit in seconds says nothing about bytes."""
    budgets = policy.read(Policy(text=TEXT))

    kind = max_value.KIND

    found = budgets.limit(kind, "bench.parse", "wall_time", "s")
    assert found is not None
    assert pytest.approx(0.005) == found.value
    assert None is budgets.limit(kind, "bench.parse", "wall_time", "B")


def test_a_glob_matches_a_label_with_or_without_its_parameters() -> None:
    """Brackets in a label are text, not a glob's set of characters."""
    budgets = policy.read(Policy(text=TEXT))

    assert 4 == budgets.max_regression("bench.parse", "cpu_time").line
    assert None is not budgets.waiver("bench.parse[large]", "cpu_time", date(2027, 1, 31))
    assert None is budgets.waiver("bench.parse[small]", "cpu_time", date(2027, 1, 31))


def test_a_waiver_ends_with_its_last_day() -> None:
    """The day after `until`, a waiver is no longer in force."""
    budgets = policy.read(Policy(text=TEXT))

    assert None is budgets.waiver("bench.parse[large]", "cpu_time", date(2027, 2, 1))


def test_a_policy_may_stand_in_pyproject() -> None:
    """The same tables below [tool.perfgate] mean the same."""
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
            "[[waiver]]\nbenchmarks = 'x'\nmax_regression = '3%'\nuntil = 2027-01-01\nowner = ''\nreason = 'r'\n",
            1,
            "owner",
        ),
        ("[budget]\nmax = 1\n", 0, "budget"),
        ("limits = 1\n", 0, "limits"),
    ],
)
def test_a_bad_policy_names_its_line_and_its_word(text: str, line: int, words: str) -> None:
    """Whatever is wrong, the error says where and quotes it."""
    with pytest.raises(InvalidPolicy) as caught:
        policy.read(Policy(text=text))

    assert line == caught.value.line
    assert words in str(caught.value)


def test_the_policy_of_a_repository_is_found() -> None:
    """perfgate.toml comes before pyproject.toml; neither means no policy."""
    files = {"pyproject.toml": "[project]\n"}
    assert None is policy.find(files.get)

    files["pyproject.toml"] = "[[tool.perfgate.budget]]\nmax = 1\n"
    assert "pyproject.toml" == getattr(policy.find(files.get), "path", "")

    files["perfgate.toml"] = ""
    assert "perfgate.toml" == getattr(policy.find(files.get), "path", "")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [("100us", 1e-4, "s"), ("100 µs", 1e-4, "s"), ("1.5GiB", 1.5 * 2**30, "B"), ("99.99%", 0.9999, ""), (4, 4.0, "")],
)
def test_quantities_are_read_as_people_write_them(text: str, value: float, unit: str) -> None:
    """Numbers with units come out in seconds, bytes or as pure numbers."""
    found, found_unit = policy.quantity(text)

    assert pytest.approx(value) == found
    assert unit == found_unit


@pytest.mark.parametrize("metric", ["traced_peak", "peak_memory", "memory"])
def test_memory_means_every_metric_of_memory_and_no_other(metric: str) -> None:
    """As time means both clocks, memory means the traced peak, the process's peak and what asv calls memory."""
    budgets = policy.read(Policy(text="[[budget]]\nmetric = 'memory'\nmax_regression = '7%'\n"))

    assert 0.07 == budgets.max_regression("any", metric).value
    assert {policy.DEFAULT_MAX_REGRESSION} == {
        budgets.max_regression("any", other).value for other in ("cpu_time", "instructions")
    }


def test_alerts_have_rules() -> None:
    """The table [alerts] says what confirms a change of the history; what it leaves out is the default."""
    rules = policy.read(Policy(text='[alerts]\nconfirm = "points"\npoints = 4')).alerts

    assert ("points", 4, 5, "perfgate.yml") == (rules.confirm, rules.points, rules.per_day, rules.workflow)
    assert policy.AlertRules() == policy.read(None).alerts


@pytest.mark.parametrize(
    "line",
    ['confirm = "perhaps"', "points = 0", "per_day = -1", 'workflow = "../../x.yml"', 'workflow = "x"', "pionts = 4"],
)
def test_bad_rules_for_alerts_are_refused(line: str) -> None:
    """An unknown key and an impossible value are told off with the line of the table."""
    with pytest.raises(InvalidPolicy) as refused:
        policy.read(Policy(text=f"{TEXT}\n[alerts]\n{line}\n"))

    assert TEXT.count("\n") + 2 == refused.value.line
