"""What GitHub is asked to measure again."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from webapp.alerts.models import Alert
from webapp.history.models import Project


class Range(models.Model):
    """The commits between two that were measured, as GitHub told them; asked once, for commits do not change."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="ranges")
    base = models.CharField(max_length=64)
    head = models.CharField(max_length=64)
    """Whole hashes; the range lies after `base`, up to `head`."""
    changes = models.JSONField(null=True)
    """`perfgate.github.CommitRange`; None: GitHub does not know the range, or does not show it to us."""
    read_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["project", "base", "head"], name="one_row_per_range")]

    def __str__(self) -> str:
        return f"{self.base[:10]}..{self.head[:10]}"


class Bisection(models.Model):
    """A search for the one commit of a range, by measurements that GitHub is asked for one after the other.

    Only what it began with is kept: where it stands follows from the runs that came in, see `webapp.measurements.bisection`.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="bisections")
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="bisections")
    """Whose range it is; NULL: a pull request's."""
    pull_request = models.PositiveIntegerField(null=True)
    comment_id = models.BigIntegerField(null=True, unique=True)
    """GitHub's id of the comment that ordered it, in a pull request; its answer says how far it is."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    """The benchmark whose level is followed."""
    suite = models.CharField(max_length=200)
    base = models.CharField(max_length=64)
    """Whole hash of the last commit at the old level."""
    line = models.JSONField()
    """The commits after `base` that are suspect, the oldest first, as a list of `perfgate.github.RangeCommit`."""
    low = models.FloatField()
    high = models.FloatField()
    """Ends of the 95 % confidence interval of the change between both ends, a fraction."""
    started_by = models.CharField(max_length=150)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["alert"], name="one_open_bisection_per_alert", condition=models.Q(ended_at=None)
            ),
            models.CheckConstraint(
                condition=models.Q(alert=None) ^ models.Q(pull_request=None), name="bisection_of_alert_or_pull_request"
            ),
        ]

    def __str__(self) -> str:
        return f"bisection {self.pk}"
