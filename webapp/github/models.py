"""The rate at which the server writes to GitHub."""

from __future__ import annotations

from django.db import models


class WriteRate(models.Model):
    """When one account may write to GitHub again; all workers read and update this row."""

    account = models.CharField(max_length=100, unique=True)
    """An App's id, or a digest of the token."""
    next_at = models.DateTimeField(null=True)
    """Time of the next write, at the earliest."""
    recent = models.JSONField(default=list)
    """Times of the writes within the last hour, in seconds since 1970, oldest first."""

    def __str__(self) -> str:
        return self.account
