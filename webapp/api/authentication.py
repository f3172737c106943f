"""Authentication of writes: ``Authorization: Bearer``, with a token ``pgt_…`` or a workflow's OIDC token. Reads are public."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from webapp.api import identity
from webapp.api.identity import Identity
from webapp.history import tokens
from webapp.history.models import Token

SCHEME = "Bearer"
MAX_SECRET_CHARACTERS = 200


class TokenAuthentication(BaseAuthentication):
    """Sets ``request.auth`` to the `Token` or the workflow's `Identity`; the API has no users."""

    def authenticate(self, request: Request) -> tuple[None, Token | Identity]:
        """Return the token or identity of a request.

        Raises:
            NotAuthenticated: There is none (401).
            AuthenticationFailed: The token is unknown (401).
            PermissionDenied: The token was revoked or has expired (403).
        """
        scheme, _, secret = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != SCHEME.lower() or not secret.strip():
            raise NotAuthenticated(f"this request needs the header 'Authorization: {SCHEME} {tokens.PREFIX}…'")
        if identity.is_signed_token(secret.strip()):
            return None, identity.read(secret.strip())
        token = tokens.find(secret.strip()[:MAX_SECRET_CHARACTERS])
        if token is None:
            raise AuthenticationFailed("unknown token: create one with 'manage.py create_token'")
        if reason := tokens.refusal(token):
            raise PermissionDenied(reason)
        return None, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Return the ``WWW-Authenticate`` header of a 401."""
        return f'{SCHEME} realm="perfgate"'


class HasScope(BasePermission):
    """Requires the scope that the view names as ``scope``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request may proceed.

        Raises:
            PermissionDenied: The token lacks the scope (403).
        """
        needed = getattr(view, "scope", "")
        if isinstance(request.auth, Identity) and needed == tokens.Scope.UPLOAD:
            return True
        if not isinstance(request.auth, Token) or needed not in request.auth.scopes:
            raise PermissionDenied(
                f"the token lacks the scope {needed!r}: create one with 'manage.py create_token --scope {needed}'"
            )
        return True
