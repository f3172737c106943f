"""``POST /api/v1/runs``: store one result file."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from perfgate.results.formats import read_upload
from perfgate.results.formats.untrusted_text import printable
from webapp.api import bodies
from webapp.api.authentication import HasScope, TokenAuthentication
from webapp.api.identity import Identity
from webapp.api.views import View
from webapp.history import ingest, tokens
from webapp.history.models import Token

CREATED, PRESENT = 201, 200
UNNAMED = "upload.json"


class Uploads(View):
    """Uploads to the project of the token."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (HasScope,)
    scope = tokens.Scope.UPLOAD
    parser_classes = (bodies.FileParser, bodies.FilesParser)

    def post(self, request: Request) -> Response:
        """Store one result file of any known format.

        The name comes from ``?name=`` or the form. Some formats need it with its folder, because the file alone lacks
        facts.
        """
        bodies.check_length(request)
        uploader = cast("Token | Identity", request.auth)
        body = cast("bodies.UploadedBody", request.data)
        name = printable(request.query_params.get("name") or body.name) or UNNAMED
        upload = read_upload(body.data, name=name, context=body.context)
        if isinstance(uploader, Identity):
            uploader.require(upload.run)
            uploader.spend()
        stored = ingest.store(
            uploader.project, upload.run, body.data, name=name, context=upload.context, identity=upload.identity
        )
        if isinstance(uploader, Token):
            tokens.record_use(uploader)
        return Response(_document(stored), status=CREATED if stored.created else PRESENT)


def _document(stored: ingest.IngestResult) -> dict[str, Any]:
    return {
        "run": stored.run_id,
        "url": f"{settings.BASE_URL}/runs/{stored.run_id}/",
        "created": stored.created,
        "stored": {"measured": stored.measured, "failed": stored.failed, "skipped": stored.skipped},
        "benchmarks": stored.benchmarks,
        "refused": [{"where": refusal.where, "reason": refusal.reason} for refusal in stored.refused],
    }
