"""Who a machine is: ``Authorization: Bearer pgt_…``, a token, or a workflow's signed identity. Reading needs neither."""

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
    """Puts the `Token`, or the workflow's `Identity`, into ``request.auth``; there are no users here."""

    def authenticate(self, request: Request) -> tuple[None, Token | Identity]:
        """Return the token or identity of a request.

        Raises:
            NotAuthenticated: There is none, which is 401.
            AuthenticationFailed: Nobody has such a token, which is 401.
            PermissionDenied: It was revoked or has expired, which is 403.
        """
        scheme, _, secret = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != SCHEME.lower() or not secret.strip():
            raise NotAuthenticated(f"this needs the header 'Authorization: {SCHEME} {tokens.PREFIX}…'")
        if identity.looks_like_one(secret.strip()):
            return None, identity.read(secret.strip())
        token = tokens.find(secret.strip()[:MAX_SECRET_CHARACTERS])
        if token is None:
            raise AuthenticationFailed("no such token: make one with 'manage.py create_token'")
        if reason := tokens.refusal(token):
            raise PermissionDenied(reason)
        return None, token

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 - the framework's signature
        """Return what a 401 asks for."""
        return f'{SCHEME} realm="perfgate"'


class HasScope(BasePermission):
    """Lets a token in that has the scope which the view names as ``scope``."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the token may do this.

        Raises:
            PermissionDenied: It may not; says which scope it lacks, which is 403.
        """
        needed = getattr(view, "scope", "")
        if isinstance(request.auth, Identity) and needed == tokens.Scope.UPLOAD:
            return True
        if not isinstance(request.auth, Token) or needed not in request.auth.scopes:
            raise PermissionDenied(
                f"the token lacks the scope {needed!r}: make one with 'manage.py create_token --scope {needed}'"
            )
        return True
