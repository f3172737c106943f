"""Keys that let machines act on one project: made once, shown once, kept as digests only."""

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
"""Lets people and secret scanners tell what a leaked string is."""

USE_RECORDED_EVERY = timedelta(minutes=1)
"""`Token.last_used_at` is this coarse: not every upload is worth a write."""


class Scope(StrEnum):
    """What a token may be allowed to do."""

    UPLOAD = "upload"
    """Store runs."""
    TRIAGE = "triage"
    """Acknowledge, accept, dismiss, merge and split alerts."""


def create(
    project: Project, *, name: str, scopes: Sequence[Scope] = (Scope.UPLOAD,), expires_at: datetime | None = None
) -> str:
    """Make a token and return its secret, which nobody can read again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    named = [scope.value for scope in scopes]
    Token.objects.create(project=project, name=name, digest=_digest(secret), scopes=named, expires_at=expires_at)
    return secret


def find(secret: str) -> Token | None:
    """Return the token whose secret this is, with its project; valid or not.

    Looked up by a digest: how long that takes tells nothing about the secret.
    """
    return Token.objects.select_related("project").filter(digest=_digest(secret)).first()


def refusal(token: Token) -> str:
    """Return why *token* may not be used, empty if it may."""
    if token.revoked_at is not None:
        return f"the token {token.name!r} was revoked"
    if token.expires_at is not None and token.expires_at <= timezone.now():
        return f"the token {token.name!r} expired on {token.expires_at:%Y-%m-%d}: make a new one with create_token"
    return ""


def revoke(token: Token) -> None:
    """Let *token* open nothing from now on; revoking it again changes nothing."""
    Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())


def record_use(token: Token) -> None:
    """Note that *token* was used just now."""
    now = timezone.now()
    Token.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=now - USE_RECORDED_EVERY), pk=token.pk).update(
        last_used_at=now
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
