"""Errors of pytest and Python are read as what is missing."""

from __future__ import annotations

import pytest

from perfgate.measure.needs.missing import WELL_KNOWN, Missing, missing_in


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        (
            "E   ModuleNotFoundError: No module named 'yaml'",
            [Missing("the module yaml", "pyyaml")],
        ),
        ("ModuleNotFoundError: No module named 'google.protobuf'", [Missing("the module google.protobuf", "protobuf")]),
        ("No module named 'a_b.c'", [Missing("the module a_b.c", "a-b")]),
        ("No module named 'shop.fast'", []),
        (
            "pytest: error: unrecognized arguments: --cov=shop --cov-report=xml -n4 --own",
            [
                Missing("the option --cov", "pytest-cov"),
                Missing("the option --cov-report", "pytest-cov"),
                Missing("the option -n4", "pytest-xdist"),
                Missing("the option --own", ""),
            ],
        ),
        ("ERROR: Missing required plugins: pytest-mock>=3, x", [Missing("the plugin pytest-mock", "pytest-mock"), Missing("the plugin x", "x")]),
        ("E       fixture 'mocker' not found", [Missing("the fixture mocker", "pytest-mock")]),
        ('ImportError: Error importing plugin "pytest_asyncio": No module named \'pytest_asyncio\'', [Missing("the module pytest_asyncio", "pytest-asyncio")]),
        ("all is well", []),
    ],
)  # fmt: skip
def test_what_is_missing(errors: str, expected: list[Missing]) -> None:
    """Modules, options, plugins and fixtures; never the project's own modules; each once."""
    assert expected == missing_in(f"{errors}\n{errors}", {"shop"})


def test_well_known_names_are_normalized() -> None:
    """A name that is spelled otherwise would never be found."""
    assert all(name == name.lower() and "_" not in name for name in WELL_KNOWN)
