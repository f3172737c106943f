"""The JSON of projects, series and runs, and what a list of series can be asked for."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from webapp.history.models import Commit, Project, Run, Series


class ProjectSerializer(serializers.ModelSerializer[Project]):
    """One project."""

    class Meta:
        model = Project
        fields = ("slug", "repository", "default_branch", "created_at", "revision")


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """What identifies one series; its points have an address of their own."""

    benchmark = serializers.CharField(source="benchmark.name")
    parameters = serializers.JSONField(source="benchmark.parameters")
    label = serializers.CharField(source="benchmark.label")  # type: ignore[assignment] # hides a text of the form's
    environment = serializers.CharField(source="environment.name")

    class Meta:
        model = Series
        fields = ("id", "benchmark", "parameters", "label", "metric", "unit", "direction", "environment", "branch")


class SeriesFilter(serializers.Serializer[Series]):
    """The query of a list of series."""

    benchmark = serializers.CharField(required=False)
    metric = serializers.CharField(required=False)
    environment = serializers.CharField(required=False)
    branch = serializers.CharField(required=False)

    LOOKUPS = {
        "benchmark": "benchmark__label__icontains",
        "metric": "metric",
        "environment": "environment__name",
        "branch": "branch",
    }

    def lookups(self) -> dict[str, Any]:
        """Return what was asked for as arguments of a queryset's filter."""
        return {self.LOOKUPS[name]: value for name, value in self.validated_data.items()}


class CommitSerializer(serializers.ModelSerializer[Commit]):
    """One commit."""

    class Meta:
        model = Commit
        fields = ("sha", "committed_at", "generation", "subject", "author")


class RunSerializer(serializers.ModelSerializer[Run]):
    """One run: where it comes from, what was stored of it, what became of it."""

    project = serializers.CharField(source="project.slug")
    environment = serializers.CharField(source="environment.name")
    fingerprint = serializers.CharField(source="state.fingerprint")
    facts = serializers.JSONField(source="state.fields")
    commit = CommitSerializer()
    baseline_commit = CommitSerializer()
    stored = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "project",
            "commit",
            "baseline_commit",
            "branch",
            "pull_request",
            "environment",
            "fingerprint",
            "facts",
            "suite",
            "tool",
            "dirty",
            "started_at",
            "received_at",
            "processed_at",
            "superseded_by",
            "imported",
            "trusted",
            "stored",
            "refused",
        )

    def get_stored(self, run: Run) -> dict[str, int]:
        """Return the counts of samples."""
        return {"measured": run.measured, "failed": run.failed, "skipped": run.skipped}
