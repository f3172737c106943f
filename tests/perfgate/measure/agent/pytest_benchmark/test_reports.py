"""Why a test did not pass is said in one line.

alone.py, plugin.py, probe.py, select.py and trace.py are pytest plugins: tests/perfgate/measure runs them in
test_comparison.py, test_kinds_of_suites.py, counts/test_memory.py, test_single.py and reach/test_closure.py.
"""

from __future__ import annotations

import pytest

from perfgate.measure.agent.pytest_benchmark.reports import description, last_line, reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ValueError: no", "ValueError: no"),
        ("\n  assert 1 == 2\n", "assert 1 == 2"),
        ("some code\nE  ValueError: no\nmore", "E  ValueError: no"),
        ("first\nlast\n\n", "last"),
        ("", ""),
    ],
)
def test_the_most_informative_line_is_chosen(text: str, expected: str) -> None:
    """The only line, else the first that names an error, else the last."""
    assert expected == last_line(text)


def test_a_test_is_described_by_its_id_and_parameters(request: pytest.FixtureRequest) -> None:
    """A test without parameters has none, not empty ones."""
    assert {
        "id": request.node.nodeid,
        "parameters": None,
        "parameter_id": None,
    } == description(request.node)


@pytest.mark.parametrize("count", [3])
def test_parameters_are_described(request: pytest.FixtureRequest, count: int) -> None:
    """Their values, and pytest's own id of the combination."""
    found = description(request.node)

    assert ({"count": count}, "3") == (found["parameters"], found["parameter_id"])


@pytest.mark.parametrize(
    ("representation", "expected"),
    [(("file.py", 3, "Skipped: not today"), "Skipped: not today"), ("some\nTypeError: no\n", "TypeError: no")],
)
def test_the_reason_of_a_phase_is_one_line(representation: object, expected: str) -> None:
    """A skip has a reason of its own; of everything else the text is searched."""
    report = pytest.TestReport("id", ("file.py", 1, "name"), {}, "failed", representation, "call")  # type: ignore[arg-type]

    assert expected == reason(report)
