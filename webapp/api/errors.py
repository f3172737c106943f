"""One form for all errors: ``{"error": {"reason": …, "path": …}}``; invalid input never causes a 500.

An error about a limit has it as ``limit``.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from rest_framework.exceptions import APIException, ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from perfgate import formatting
from perfgate.errors import InvalidInput, InvalidResult, UnknownFormat
from webapp.api.bodies import TooLarge

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5


class Malformed(APIException):
    """422, or 415 for an unknown format: the file is invalid.

    Args:
        error: Its reason and path are shown.
    """

    status_code = 422

    def __init__(self, error: InvalidResult) -> None:
        super().__init__(error.reason)
        self.path = error.path
        if isinstance(error, UnknownFormat):
            self.status_code = 415


class Unprocessable(APIException):
    """422: the request is valid and cannot be fulfilled."""

    status_code = 422


class Busy(APIException):
    """503: the database is locked or unreachable; a retry may succeed."""

    status_code = 503
    default_detail = "the database is busy or unreachable: try again"


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the response for an exception raised in a view; None: let Django handle it."""
    error = _as_api_error(error)
    response = exception_handler(error, context)
    if response is None:
        return None
    reason = _reason(error, response)
    if response.status_code in {401, 403}:
        request = context["request"]
        log.warning(
            "%s %s was refused: %s", request.method, formatting.plain(request.path), formatting.plain(reason, 500)
        )
    limit = {"limit": error.limit} if isinstance(error, TooLarge) else {}
    response.data = {"error": {"reason": reason, "path": getattr(error, "path", "$"), **limit}}
    if isinstance(error, Busy):
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def _as_api_error(error: Exception) -> Exception:
    """Return the API's error for an exception of perfgate or Django; any other unchanged."""
    if isinstance(error, InvalidResult):
        return Malformed(error)
    if isinstance(error, InvalidInput):
        return Unprocessable(str(error))
    if isinstance(error, SuspiciousOperation):
        return ParseError(str(error))
    return Busy() if isinstance(error, OperationalError) else error


def _reason(error: Exception, response: Response) -> str:
    if isinstance(error, Http404):
        return "not found"
    return str(error.detail) if isinstance(error, APIException) else str(response.data["detail"])
