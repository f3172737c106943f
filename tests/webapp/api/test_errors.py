"""Tests of the one form of refusals."""

from __future__ import annotations

from django.db import OperationalError

from perfgate.errors import InvalidResult, UnknownFormat
from webapp.api import errors


def test_a_busy_database_asks_to_come_back() -> None:
    """A lock that was not granted in time is nobody's bad input: 503, and when to try again."""
    response = errors.handle(OperationalError("database is locked"), {})
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "locked" not in response.data["error"]["reason"]


def test_bad_results_tell_where() -> None:
    """422 with the path of the offending field; 415 where the format is not known at all."""
    for error, status in ((InvalidResult("bad", path="$.run.suite"), 422), (UnknownFormat("what?"), 415)):
        response = errors.handle(error, {})
        assert response is not None
        assert response.status_code == status
        assert response.data == {"error": {"reason": error.reason, "path": error.path}}


def test_our_own_mistakes_stay_visible() -> None:
    """What is no refusal is left to Django: it is logged as the error it is."""
    assert errors.handle(ZeroDivisionError(), {}) is None
