"""What arrives from GitHub."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Delivery(models.Model):
    """One delivery of a webhook, stored until it is processed; a repeated delivery is stored once."""

    guid = models.CharField(max_length=64, unique=True)
    """GitHub's id of it."""
    event = models.CharField(max_length=40)
    payload = models.JSONField()
    """The few fields that are used, see `webapp.inbox.webhook_payload`. Its texts are untrusted."""
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    """Time of the next attempt, at the earliest."""
    attempts = models.PositiveIntegerField(default=0)
    outcome = models.TextField(blank=True)
    """What was done, or why nothing was, in words."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="delivery_pending", condition=models.Q(processed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.guid}"
