"""What was judged: verdicts on runs, and the permissions that people gave in pull requests."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from webapp.history.models import Project, Run


class StoredVerdict(models.Model):
    """The gate's one answer to one run that was measured beside its baseline."""

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="verdict")
    outcome = models.CharField(max_length=20)
    document = models.JSONField()
    """`perfgate.gate.Verdict`, whole: everything that is ever said about it is rendered from this."""
    exempt_judged = models.PositiveIntegerField(default=0)
    exempt_regressed = models.PositiveIntegerField(default=0)
    exempt_improved = models.PositiveIntegerField(default=0)
    """`perfgate.gate.FalseAlarms` of the document, where a database can sum it."""
    decided_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.outcome} for run {self.run_id}"


class PullRequestWaiver(models.Model):
    """Somebody's permission, in a pull request, for one benchmark to be slower; added and never changed."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="pull_request_waivers")
    pull_request = models.PositiveIntegerField()
    """It holds for this one alone: what is to last stands in the policy."""
    label = models.TextField()
    metric = models.CharField(max_length=100)
    max_regression = models.FloatField()
    """The ceiling, a fraction."""
    until = models.DateField()
    """Last day on which it holds."""
    who = models.CharField(max_length=150)
    """Login on GitHub, which vouched for the right to write."""
    reason = models.TextField()
    comment_id = models.BigIntegerField(unique=True)
    """GitHub's id of the comment that said so: the same one twice is one decision."""
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["project", "pull_request"], name="waiver_by_pull_request")]

    def __str__(self) -> str:
        return f"{self.label} up to {self.max_regression:.1%} by {self.who}"
