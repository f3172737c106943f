"""``GET /api/v1/series/<id>``: one series with all its points. A hot path: two queries, no ORM, no serializer."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from webapp.history import series
from webapp.history.commit_order import Stamp

MAX_ID = 2**63 - 1
"""Largest id that the database accepts."""

_ENCODER = msgspec.json.Encoder()


@require_safe
def series_points(request: HttpRequest, number: int) -> HttpResponse:
    """Return identity, segments and points of one series, or 304 if the client has the current version.

    ``segments`` lists ``[environment fingerprint, benchmark version]`` of each segment. ``points`` holds columns of equal
    length in commit order: ``run``, ``commit``, ``time`` (seconds since 1970 UTC), ``value`` (in ``unit``); and
    ``segment``, pairs of a start position and the index of the segment that begins there.
    """
    found = series.identity(number) if number <= MAX_ID else None
    if found is None:
        return JsonResponse({"error": {"reason": f"no series with id {number}", "path": "$"}}, status=404)
    stamp, identity = found
    etag = f'"{number}-{stamp.tag}"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        response = HttpResponse(encode(number, identity, stamp), content_type="application/json")
        response["ETag"] = etag
    response["Cache-Control"] = "no-cache"
    return response


def encode(number: int, identity: dict[str, Any], stamp: Stamp) -> bytes:
    """Return the document of one series as JSON."""
    return _ENCODER.encode({**identity, "revision": stamp.revision, "points": series.columns(number, stamp)})
