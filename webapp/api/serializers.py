"""Serializers of projects, series and runs, and the filter of the series list."""

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
    """Identity of one series; its points have their own URL."""

    benchmark = serializers.CharField(source="benchmark.name")
    parameters = serializers.JSONField(source="benchmark.parameters")
    label = serializers.CharField(source="benchmark.label")  # type: ignore[assignment] # shadows a class attribute
    environment = serializers.CharField(source="environment.name")

    class Meta:
        model = Series
        fields = ("id", "benchmark", "parameters", "label", "metric", "unit", "direction", "environment", "branch")


class SeriesFilter(serializers.Serializer[Series]):
    """Query parameters of the series list."""

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
        """Return the given filters as queryset lookups."""
        return {self.LOOKUPS[name]: value for name, value in self.validated_data.items()}


class CommitSerializer(serializers.ModelSerializer[Commit]):
    """One commit."""

    class Meta:
        model = Commit
        fields = ("sha", "committed_at", "generation", "subject", "author")


class RunSerializer(serializers.ModelSerializer[Run]):
    """One run: origin, stored and refused samples, processing state."""

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
        """Return the number of samples by state."""
        return {"measured": run.measured, "failed": run.failed, "skipped": run.skipped}
