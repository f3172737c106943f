"""The perfgate server's HTTP API, seen from a laptop or a CI job. The body of an upload is the result file itself."""

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
"""An upload is stored before it is answered; large ones take their time."""


def credentials(server: str, variables: Mapping[str, str]) -> str:
    """Return what an upload to *server* is let in with: ``$PERFGATE_TOKEN``, else a token of the workflow's identity.

    Args:
        server: The audience: another server has no use for the token.
        variables: The process' environment.

    Raises:
        InvalidInput: There is neither; says how to get one.
        Unavailable: GitHub did not give the token; try again.

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
        raise InvalidInput(f"{url!r} is no address to ask for a token: the runner sets it")
    request = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        f"{url}&audience={quote(server.rstrip('/'), safe='')}", headers={"Authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - likewise
            return str(json.load(response)["value"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"GitHub gave no token for {server}: {error}; try again") from error


def upload(server: str, token: str, data: bytes, *, name: str) -> dict[str, Any]:
    """Send one result file; sending it again changes nothing.

    Args:
        server: Address of the server, for example ``https://perf.example.org``.
        token: A project token made by ``manage.py create_token``.
        data: The result file, in any format that the server knows.
        name: Its file name, for messages and for formats that keep facts there.

    Returns:
        What was stored and what was refused, as the server says it.

    Raises:
        PermissionDenied: The token is unknown, expired or revoked. A retry cannot help.
        InvalidResult: The server cannot read the file; knows the offending path. A retry cannot help.
        Rejected: The server declines it for another reason, such as its size. A retry cannot help.
        RateLimited, Unavailable: The caller may retry.
    """
    if urlsplit(server).scheme not in {"http", "https"}:
        raise InvalidInput(f"{server!r} is no server address: write it as https://host")
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
            answer: dict[str, Any] = json.load(response)
            return answer
    except urllib.error.HTTPError as error:
        raise _refusal(error, name) from error
    except (OSError, ValueError) as error:
        raise Unavailable(f"{server} did not answer properly: {error}; is it running?") from error


def _refusal(
    error: urllib.error.HTTPError, name: str
) -> PermissionDenied | NotFound | InvalidResult | Rejected | Unavailable:
    """Translate an HTTP error into ours, with the reason that the server gave."""
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
