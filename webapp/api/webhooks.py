"""``POST /github/webhook``: what GitHub tells a server, signed; noted, answered at once, and dealt with by a worker."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import re

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from webapp.inbox import deliveries

log = logging.getLogger(__name__)

MAX_BYTES = 25 * 1024 * 1024
"""GitHub sends no more."""

_GUID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> JsonResponse:
    """Note one delivery and answer within milliseconds; GitHub gives up after ten seconds.

    Source:
        GitHub, "Validating webhook deliveries" and "Best practices for using webhooks".
    """
    try:
        body = _signed_body(request)
    except _Refused as refused:
        return _refused(refused.status, str(refused))
    guid, event = request.headers.get("X-GitHub-Delivery", ""), request.headers.get("X-GitHub-Event", "")
    if not _GUID.fullmatch(guid):
        return _refused(400, "the header X-GitHub-Delivery is missing or no GUID")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return _refused(400, "the body is no JSON: choose the content type application/json")
    return JsonResponse({"status": deliveries.note(guid, event, payload)}, status=202)


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def _signed_body(request: HttpRequest) -> bytes:
    """Return the raw body, once its signature was found right: nothing is read from it before.

    Raises:
        _Refused: It is too large, did not arrive, or is not GitHub's.
    """
    if not settings.GITHUB_SECRET:
        raise _Refused(503, "no secret for webhooks is set here (PERFGATE_GITHUB_SECRET): nothing is believed")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BYTES:
        raise _Refused(413, f"larger than {MAX_BYTES:,} bytes: GitHub sends no such thing")
    try:
        body = request.read(MAX_BYTES + 1)
    except OSError as error:
        raise _Refused(400, "the body did not arrive") from error
    expected = "sha256=" + hmac.new(settings.GITHUB_SECRET.encode(), body, hashlib.sha256).hexdigest()
    given = request.headers.get("X-Hub-Signature-256", "")
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        log.warning("a webhook with a wrong signature from %s was refused", request.META.get("REMOTE_ADDR"))
        raise _Refused(401, "the signature is not ours: is the secret the one in the webhook's settings?")
    return body


def _refused(status: int, reason: str) -> JsonResponse:
    return JsonResponse({"error": {"reason": reason}}, status=status)
