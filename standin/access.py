"""Who a token belongs to, and what it may do."""

from __future__ import annotations

import jwt

from standin.contract import Operation
from standin.operations import Refused
from standin.state import State, Token

MAX_APP_TOKEN_SECONDS = 720
"""GitHub accepts ten minutes, and a token may start a little in the past."""

_NEEDED = {"checks": {"checks"}, "actions": {"actions"}, "repos": {"statuses"}}
"""Permissions of which one suffices to write, by family of operations; all others need `_NEEDED_ELSEWHERE`."""
_NEEDED_ELSEWHERE = {"issues", "pull_requests"}


def authenticate(state: State, authorization: str) -> Token:
    """Return the token of a request, or the one that an App signed for itself.

    Args:
        state: What exists.
        authorization: The header.

    Raises:
        Refused: The token is unknown or not valid.
    """
    secret = authorization.partition(" ")[2]
    token = state.tokens.get(secret)
    if token is None and state.app is not None and secret.count(".") == 2:
        try:
            claims = jwt.decode(
                secret, state.app.public_key, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]}
            )
        except jwt.InvalidTokenError as error:
            raise Refused(401, "A JSON web token could not be decoded") from error
        if claims["iss"] != str(state.app.id) or claims["exp"] - claims["iat"] > MAX_APP_TOKEN_SECONDS:
            raise Refused(401, "'Expiration time' claim ('exp') is too far in the future")
        token = Token(f"app {state.app.id}")
    if token is None:
        raise Refused(401, "Bad credentials")
    return token


def authorize(token: Token, operation: Operation, path: str) -> None:
    """Refuse what a token may not do.

    Raises:
        Refused: The token may not write this, or not see the repository.
    """
    if operation.method != "GET" and not (token.may_write and _covers(token, operation, path)):
        raise Refused(403, "Resource not accessible by integration")
    if token.repository and not f"{path}/".lower().startswith(f"/repos/{token.repository.lower()}/"):
        raise Refused(404, "Not Found")


def _covers(token: Token, operation: Operation, path: str) -> bool:
    """Return whether the permissions of a token include what an operation writes."""
    if token.permissions is None:
        return True
    needed = _NEEDED.get(operation.id.partition("/")[0], _NEEDED_ELSEWHERE)
    return bool(token.permissions & needed) or not path.startswith("/repos/")
