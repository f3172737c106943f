"""Tokens with which programs act on one project. Only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from webapp.history.models import Project, Token

PREFIX = "pgt_"
"""Shows people and secret scanners what a leaked string is."""

LAST_USE_RESOLUTION = timedelta(minutes=1)
"""Resolution of `Token.last_used_at`, so that not every upload writes to the row."""


class Scope(StrEnum):
    """Permissions of a token."""

    UPLOAD = "upload"
    """Store runs."""
    TRIAGE = "triage"
    """Acknowledge, accept, dismiss, merge and split alerts."""


def create(
    project: Project, *, name: str, scopes: Sequence[Scope] = (Scope.UPLOAD,), expires_at: datetime | None = None
) -> str:
    """Create a token and return its secret, which cannot be read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    named = [scope.value for scope in scopes]
    Token.objects.create(project=project, name=name, digest=_digest(secret), scopes=named, expires_at=expires_at)
    return secret


def find(secret: str) -> Token | None:
    """Return the token with this secret, valid or not, with its project; None if there is none.

    The lookup uses the digest, so its duration reveals nothing about the secret.
    """
    return Token.objects.select_related("project").filter(digest=_digest(secret)).first()


def refusal(token: Token) -> str:
    """Return why *token* is invalid; empty if it is valid."""
    if token.revoked_at is not None:
        return f"the token {token.name!r} was revoked"
    if token.expires_at is not None and token.expires_at <= timezone.now():
        return f"the token {token.name!r} expired on {token.expires_at:%Y-%m-%d}: make a new one with create_token"
    return ""


def revoke(token: Token) -> None:
    """Make *token* invalid from now on. A second call changes nothing."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def record_use(token: Token) -> None:
    """Record that *token* was used just now."""
    now = timezone.now()
    Token.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USE_RESOLUTION), pk=token.pk).update(
        last_used_at=now
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
