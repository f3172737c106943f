"""Tests of `webapp.api.errors`."""

from __future__ import annotations

from django.db import OperationalError

from perfgate.errors import InvalidResult, UnknownFormat
from webapp.api import errors


def test_a_busy_database_is_503() -> None:
    """A lock timeout is 503 with a Retry-After header."""
    response = errors.handle(OperationalError("database is locked"), {})
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "locked" not in response.data["error"]["reason"]


def test_invalid_results_name_the_field() -> None:
    """An invalid file is 422 with the path of the field, an unknown format 415."""
    for error, status in ((InvalidResult("bad", path="$.run.suite"), 422), (UnknownFormat("what?"), 415)):
        response = errors.handle(error, {})
        assert response is not None
        assert response.status_code == status
        assert response.data == {"error": {"reason": error.reason, "path": error.path}}


def test_unexpected_exceptions_are_left_to_django() -> None:
    """An exception that is no error of the client is logged by Django as a server error."""
    assert errors.handle(ZeroDivisionError(), {}) is None
