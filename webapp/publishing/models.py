"""What GitHub should show."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from webapp.history.models import Project


class Publication(models.Model):
    """What GitHub is meant to show in one place; publishing makes GitHub equal to it."""

    class Kind(models.TextChoices):
        """Where on GitHub."""

        COMMENT = "comment"
        CHECK_RUN = "check_run"
        ISSUE = "issue"
        DISPATCH = "dispatch"
        """A workflow that is asked to measure again: asked at most once, for nothing on GitHub shows that it was."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="publications")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key = models.CharField(max_length=200)
    """What it is about: ``pull/7``, ``commit/<sha>``, ``alert/3``, ``alert/3/measurement/1``,
    ``alert/3/bisection/2/1``, ``pull/7/bisection/2/1``."""
    wanted = models.JSONField()
    """What the calls in `perfgate.github` that write it are given, see `webapp.publishing.payloads`."""
    ordered = models.BooleanField(default=False)
    """Somebody asked for it, and was told what it costs: no daily limit holds it back, nor counts it."""
    revision = models.PositiveIntegerField(default=1)
    """Counts up with every change of `wanted`."""
    published_revision = models.PositiveIntegerField(default=0)
    """Less than `revision`: work is owed."""
    remote_id = models.BigIntegerField(null=True)
    """GitHub's id of the comment or check run, or the issue's number."""
    first_published_at = models.DateTimeField(null=True)
    """When GitHub was first told; counts against what a project may file in a day."""
    claimed_until = models.DateTimeField(null=True)
    """A worker is writing it; a claim that it did not give back lapses then."""
    attempts = models.PositiveIntegerField(default=0)
    """Failed attempts since the last success; the wait grows with it."""
    not_before = models.DateTimeField(null=True)
    """GitHub did not answer or asked us to wait: not tried again before then."""
    error = models.TextField(blank=True)
    """Why the last attempt failed."""
    failed_for_good = models.BooleanField(default=False)
    """The last error cannot be helped by trying again; a new `wanted` clears it."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "kind", "key"], name="one_publication_per_place")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["id"],
                name="publication_owed",
                condition=models.Q(published_revision__lt=models.F("revision"), failed_for_good=False),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
