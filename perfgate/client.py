"""The client of a perfgate server's HTTP API. The body of an upload is the result file itself."""

from __future__ import annotations

import gzip
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from perfgate import __version__
from perfgate.errors import InvalidInput, InvalidResult, NotFound, PermissionDenied, RateLimited, Rejected, Unavailable

TIMEOUT_SECONDS = 120.0
"""The server responds after it has stored an upload, which takes longer for large ones."""


def credentials(server: str, variables: Mapping[str, str]) -> str:
    """Return the token for an upload to *server*: ``$PERFGATE_TOKEN``, else one that proves the workflow's identity.

    Args:
        server: The audience: no other server accepts the token.
        variables: The process's environment variables.

    Raises:
        InvalidInput: There is neither; the message says how to get one.
        Unavailable: GitHub did not issue the token. The caller may retry.

    Source:
        GitHub, "OpenID Connect reference", requesting the JWT using environment variables.
    """
    if token := variables.get("PERFGATE_TOKEN", ""):
        return token
    url, secret = variables.get("ACTIONS_ID_TOKEN_REQUEST_URL", ""), variables.get("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "")
    if not url or not secret:
        raise InvalidInput(
            "an upload needs $PERFGATE_TOKEN (manage.py create_token), or, in a workflow, 'permissions: id-token: write'"
        )
    if urlsplit(url).scheme not in {"http", "https"}:
        raise InvalidInput(f"{url!r} is no address to request a token from: the runner sets it")
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        f"{url}&audience={quote(server.rstrip('/'), safe='')}", headers={"Authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - likewise
            return str(json.load(response)["value"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"GitHub issued no token for {server}: {error}; try again") from error


def upload(server: str, token: str, data: bytes, *, name: str) -> dict[str, Any]:
    """Upload one result file; uploading it again changes nothing.

    Args:
        server: Address of the server, for example ``https://perf.example.org``.
        token: A project token made by ``manage.py create_token``.
        data: The result file, in any format that the server knows.
        name: Its file name, for messages and for formats that keep facts in it.

    Returns:
        The server's response: what was stored and what was refused.

    Raises:
        PermissionDenied: The token is unknown, expired or revoked. A retry cannot help.
        InvalidResult: The server cannot read the file; has the path of the offending field. A retry cannot help.
        Rejected: The server declines it for another reason, such as its size. A retry cannot help.
        RateLimited, Unavailable: The caller may retry.
    """
    if urlsplit(server).scheme not in {"http", "https"}:
        raise InvalidInput(f"{server!r} is not the address of a server: write it as https://host")
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        f"{server.rstrip('/')}/api/v1/runs?name={quote(name)}",
        data=gzip.compress(data, 6),
        method="POST",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            "User-Agent": f"perfgate/{__version__}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - likewise
            stored: dict[str, Any] = json.load(response)
            return stored
    except urllib.error.HTTPError as error:
        raise _refusal(error, name) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"{server} did not answer properly: {error}; is it running?") from error


def _refusal(
    error: urllib.error.HTTPError, name: str
) -> PermissionDenied | NotFound | InvalidResult | Rejected | Unavailable:
    """Return perfgate's own error for an HTTP error, with the reason that the server gave."""
    try:
        detail = json.load(error)["error"]
        reason, path = str(detail["reason"]), str(detail.get("path", "$"))
    except (ValueError, KeyError, TypeError):
        reason, path = f"HTTP {error.code} {error.reason}", "$"
    if error.code in {401, 403}:
        return PermissionDenied(f"the server refused the token: {reason}")
    if error.code == 404:
        return NotFound(f"{reason}: is the address that of a perfgate server?")
    if error.code in {400, 422}:
        return InvalidResult(reason, path=path, source=name)
    if error.code == 429:
        return RateLimited(reason, retry_after_seconds=float(error.headers.get("Retry-After", "60")))
    if error.code >= 500:
        return Unavailable(reason)
    return Rejected(reason)
