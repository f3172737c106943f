"""What GitHub told us."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Delivery(models.Model):
    """Something that GitHub told us, kept until it was dealt with; the same one twice is one."""

    guid = models.CharField(max_length=64, unique=True)
    """GitHub's number of it."""
    event = models.CharField(max_length=40)
    payload = models.JSONField()
    """The few fields that are read, see `webapp.inbox.deliveries`; texts in it are strangers'."""
    received_at = models.DateTimeField(auto_now_add=True)
    processed_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    """GitHub did not answer when it was dealt with: not tried again before then."""
    attempts = models.PositiveIntegerField(default=0)
    outcome = models.TextField(blank=True)
    """What came of it, in words."""

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], name="delivery_owed", condition=models.Q(processed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.guid}"
