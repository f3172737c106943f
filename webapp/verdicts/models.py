"""Verdicts on runs, and waivers given in pull requests."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from webapp.history.models import Project, Run


class StoredVerdict(models.Model):
    """The gate's verdict on one run that was measured beside its baseline."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="verdict")
    outcome = models.CharField(max_length=20)
    document = models.JSONField()
    """The complete `perfgate.gate.Verdict`; comments, check runs and pages are rendered from it."""
    exempt_judged = models.PositiveIntegerField(default=0)
    exempt_regressed = models.PositiveIntegerField(default=0)
    exempt_improved = models.PositiveIntegerField(default=0)
    """`perfgate.gate.FalseAlarms` of the document, in columns that the database can sum."""
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.outcome} for run {self.run_id}"


class PullRequestWaiver(models.Model):
    """A waiver that a person gave for one benchmark in a comment on a pull request; it is never changed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="pull_request_waivers")
    pull_request = models.PositiveIntegerField()
    """The only pull request in which the waiver holds; lasting waivers belong into the policy."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    max_regression = models.FloatField()
    """Largest regression that is waived, a fraction."""
    until = models.DateField()
    """Last day on which it holds."""
    who = models.CharField(max_length=150)
    """Login on GitHub; GitHub confirmed that it may write to the repository."""
    reason = models.TextField()
    comment_id = models.BigIntegerField(unique=True)
    """GitHub's id of the comment; processing the same comment twice gives one waiver."""
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "pull_request"], name="waiver_by_pull_request")]

    def __str__(self) -> str:
        return f"{self.label} up to {self.max_regression:.1%} by {self.who}"
