"""A GitHub App: it signs tokens of its own and exchanges them for short-lived tokens of one repository each.

The tokens of a repository are restricted to what perfgate does, and cached: GitHub issues them for an hour. The private key
grants access to all repositories, so it never leaves this module.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import ClassVar

import jwt
import msgspec

from perfgate.errors import InvalidInput, NotFound
from perfgate.github.connection import Connection

PERMISSIONS = {
    "actions": "write",
    "checks": "write",
    "contents": "read",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}
"""What perfgate needs, and the App must have been given; see docs/how-to/github.md."""

CACHE_SECONDS = 3_000.0
"""How long a token is handed out. It is valid for an hour; the last ten minutes are left to requests that still use it."""

BACKDATED_SECONDS, VALID_SECONDS = 60, 540
"""Our clock may be ahead of GitHub's, and GitHub accepts at most ten minutes."""


class _AppResponse(msgspec.Struct):
    slug: str


class _InstallationResponse(msgspec.Struct):
    id: int


class _TokenResponse(msgspec.Struct):
    token: str


class App:
    """One GitHub App and its tokens.

    Args:
        app_id: Its number, or its client id.
        private_key: PEM, as downloaded from GitHub.
        api_url: Root of the API.
        clock: Returns the time in seconds since 1970.

    Raises:
        InvalidInput: The key cannot be used; the message does not show it.

    Source:
        GitHub, "Generating a JSON Web Token (JWT) for a GitHub App"; "Authenticating as a GitHub App installation".
    """

    ALGORITHM: ClassVar = "RS256"

    def __init__(self, app_id: str, private_key: str, *, api_url: str, clock: Callable[[], float] = time.time) -> None:
        self._id, self._key, self._url, self._clock = app_id, private_key, api_url, clock
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[float, str]] = {}
        self._slug = ""
        try:
            self._signed()
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise InvalidInput(
                "the private key of the GitHub App cannot be used: give the whole .pem file that GitHub made"
            ) from error

    @property
    def login(self) -> str:
        """The login that the App writes as: ``slug[bot]``."""
        if not self._slug:
            connection = Connection(self._signed(), self._url)
            try:
                self._slug = connection.read("/app", _AppResponse).slug
            finally:
                connection.close()
        return f"{self._slug}[bot]"

    def token(self, full_name: str) -> str:
        """Return a token for one repository, ``owner/name``.

        Raises:
            NotFound: The App is not installed there.
            PermissionDenied: It lacks one of `PERMISSIONS`, or the key is of another App.
            Rejected, RateLimited, Unavailable: As `Connection.request`.
        """
        key = full_name.casefold()
        with self._lock:
            until, token = self._tokens.get(key, (0.0, ""))
            if until <= self._clock():
                token = self._requested(full_name)
                self._tokens[key] = (self._clock() + CACHE_SECONDS, token)
        return token

    def forget(self, full_name: str) -> None:
        """Drop the cached token of a repository, after GitHub refused it."""
        with self._lock:
            self._tokens.pop(full_name.casefold(), None)

    def _requested(self, full_name: str) -> str:
        connection = Connection(self._signed(), self._url)
        try:
            installation = connection.read(f"/repos/{full_name}/installation", _InstallationResponse)
            wanted = {"repositories": [full_name.partition("/")[2]], "permissions": PERMISSIONS}
            path = f"/app/installations/{installation.id}/access_tokens"
            return connection.write("POST", path, wanted, _TokenResponse).token
        except NotFound as error:
            raise NotFound(f"the GitHub App is not installed in {full_name}: install it there. {error}") from error
        finally:
            connection.close()

    def _signed(self) -> str:
        now = int(self._clock())
        claims = {"iss": str(self._id), "iat": now - BACKDATED_SECONDS, "exp": now + VALID_SECONDS}
        return jwt.encode(claims, self._key, algorithm=self.ALGORITHM)
