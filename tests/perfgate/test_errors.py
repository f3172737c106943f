"""Errors say what went wrong, where, and whether a retry can help."""

from __future__ import annotations

import pytest

from perfgate import errors
from perfgate.errors import InvalidPolicy, InvalidResult, PerfgateError, RateLimited, UnknownFormat


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("InvalidInput", False),
        ("InvalidResult", False),
        ("UnknownFormat", False),
        ("InvalidPolicy", False),
        ("MeasurementFailed", False),
        ("PermissionDenied", False),
        ("NotFound", False),
        ("Rejected", False),
        ("Unavailable", True),
        ("RateLimited", True),
    ],
)
def test_a_retry_helps_only_if_the_remote_side_may_recover(name: str, expected: bool) -> None:
    """A caller that catches any error of perfgate can decide by this alone."""
    error = getattr(errors, name)

    assert issubclass(error, PerfgateError)
    assert error.can_retry is expected


def test_an_invalid_result_names_file_and_field() -> None:
    """The path of the field is part of the message; so is the file, where it is known."""
    assert "a.json: 7 is no name (at $.run.suite)" == str(
        InvalidResult("7 is no name", path="$.run.suite", source="a.json")
    )
    assert "not JSON (at $)" == str(UnknownFormat("not JSON"))


def test_an_invalid_policy_names_the_line() -> None:
    """A person finds the line; a policy without lines names only its file."""
    assert "perfgate.toml:3: no such key" == str(InvalidPolicy("no such key", line=3))
    assert "perfgate.toml: empty" == str(InvalidPolicy("empty"))


def test_a_rate_limit_says_how_long_to_wait() -> None:
    """The wait is that of the remote side."""
    assert 7.5 == RateLimited("slow down", retry_after_seconds=7.5).retry_after_seconds
