"""``POST /github/webhook``: verify the signature, store the delivery, answer at once; a worker processes it."""

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
"""GitHub's own limit."""

_GUID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> JsonResponse:
    """Store one delivery and answer; GitHub times out after ten seconds.

    Source:
        GitHub, "Validating webhook deliveries" and "Best practices for using webhooks".
    """
    try:
        body = _signed_body(request)
    except _Refused as refused:
        return _refused(refused.status, str(refused))
    guid, event = request.headers.get("X-GitHub-Delivery", ""), request.headers.get("X-GitHub-Event", "")
    if not _GUID.fullmatch(guid):
        return _refused(400, "the header X-GitHub-Delivery is missing or not a GUID")
    try:
        payload = json.loads(body)
    except (ValueError, RecursionError):
        return _refused(400, "the body is not JSON: choose the content type application/json")
    return JsonResponse({"status": deliveries.store(guid, event, payload)}, status=202)


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def _signed_body(request: HttpRequest) -> bytes:
    """Return the raw body after verifying its signature; nothing in it is parsed before.

    Raises:
        _Refused: No secret is configured, the body is too large or incomplete, or the signature is wrong.
    """
    if not settings.GITHUB_SECRET:
        raise _Refused(503, "webhooks need PERFGATE_GITHUB_SECRET, which is not set")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > MAX_BYTES:
        raise _Refused(413, f"larger than {MAX_BYTES:,} bytes")
    try:
        body = request.read(MAX_BYTES + 1)
    except OSError as error:
        raise _Refused(400, "the body is incomplete") from error
    expected = "sha256=" + hmac.new(settings.GITHUB_SECRET.encode(), body, hashlib.sha256).hexdigest()
    given = request.headers.get("X-Hub-Signature-256", "")
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        log.warning("refused a webhook from %s: wrong signature", request.META.get("REMOTE_ADDR"))
        raise _Refused(401, "wrong signature: compare the secret with the one in the webhook's settings")
    return body


def _refused(status: int, reason: str) -> JsonResponse:
    return JsonResponse({"error": {"reason": reason}}, status=status)
