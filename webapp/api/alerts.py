"""Alerts in the REST API, and the actions that a token with the scope ``triage`` may take."""

from __future__ import annotations

from typing import ClassVar

from django.db.models import Prefetch
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from webapp.alerts import actions
from webapp.alerts.models import Alert, AlertState, Event, StoredChangePoint
from webapp.api import bodies
from webapp.api.authentication import HasScope, TokenAuthentication
from webapp.api.serializers import CommitSerializer
from webapp.api.views import View, paged
from webapp.history import tokens
from webapp.history.models import Project, Token
from webapp.measurements import actions as measurement_actions
from webapp.measurements.bisection_progress import newest_progress

MAX_SERIES = 1_000
"""In one split."""


class EventSerializer(serializers.ModelSerializer[Event]):
    """One event of an alert."""

    class Meta:
        model = Event
        fields = ("at", "action", "who", "before", "after", "text")


class ChangePointSerializer(serializers.ModelSerializer[StoredChangePoint]):
    """One change point of an alert."""

    class Meta:
        model = StoredChangePoint
        fields = ("series", "run", "previous_run", "effect", "low", "high", "before", "after", "regression", "seen")


class AlertSerializer(serializers.ModelSerializer[Alert]):
    """One alert."""

    project = serializers.CharField(source="project.slug")
    commit = CommitSerializer()
    previous_commit = CommitSerializer()
    closed_by = CommitSerializer()

    class Meta:
        model = Alert
        fields: ClassVar[tuple[str, ...]] = (
            "id",
            "project",
            "branch",
            "kind",
            "state",
            "decided_by",
            "reason",
            "assignee",
            "imported_only",
            "previous_commit",
            "commit",
            "opened_at",
            "closed_at",
            "closed_by",
            "merged_into",
            "split_from",
        )


class AlertDetailSerializer(AlertSerializer):
    """One alert with its change points, its events and its newest bisection."""

    change_points = ChangePointSerializer(many=True)
    events = EventSerializer(many=True)
    bisection = serializers.SerializerMethodField()

    class Meta(AlertSerializer.Meta):
        fields = (*AlertSerializer.Meta.fields, "change_points", "events", "bisection")

    def get_bisection(self, alert: Alert) -> dict[str, object] | None:
        """Return the state of the newest bisection; probabilities and effects are fractions."""
        progress = newest_progress(alert)
        if progress is None:
            return None
        bisection = progress.bisection
        return {
            "base": bisection.base,
            "commits": len(progress.commits),
            "started_by": bisection.started_by,
            "started_at": bisection.started_at,
            "ended_at": bisection.ended_at,
            "asked": len(progress.requested),
            "most": progress.cost.most,
            "outcome": progress.posterior.explanation,
            "conclusion": progress.conclusion,
            "suspects": [{"sha": commit.sha, "probability": chance} for commit, chance in progress.suspects],
            "measured": [
                {name: getattr(commit, name) for name in ("sha", "run", "effect", "low", "high")}
                for commit in progress.measured
            ],
        }


class ActionSerializer(serializers.Serializer[Alert]):
    """The body of an action."""

    action = serializers.CharField(max_length=20)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=actions.MAX_TEXT_CHARACTERS)
    assignee = serializers.CharField(required=False, allow_blank=True, max_length=actions.MAX_NAME_CHARACTERS)
    text = serializers.CharField(required=False, max_length=actions.MAX_TEXT_CHARACTERS)
    into = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    series = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), required=False, max_length=MAX_SERIES
    )


class ProjectAlerts(View):
    """Lists the alerts of a project."""

    def get(self, request: Request, slug: str) -> Response:
        """Return one page of alerts, the newest first; ``?state=`` names one state."""
        project = get_object_or_404(Project, slug=slug)
        chosen = Alert.objects.filter(project=project)
        state = request.query_params.get("state")
        if state is not None:
            if state not in AlertState.values:
                raise ValidationError(f"unknown state {state[:40]!r}: choose one of {', '.join(AlertState.values)}")
            chosen = chosen.filter(state=state)
        ordered = chosen.select_related("project", "commit", "previous_commit", "closed_by").order_by("-pk")
        return paged(request, self, ordered, AlertSerializer)


class AlertDetail(View):
    """Shows one alert."""

    def get(self, _request: Request, number: int) -> Response:
        """Return one alert with its details."""
        return Response(_document(number))


class AlertActions(View):
    """Takes an action on an alert."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (HasScope,)
    scope = tokens.Scope.TRIAGE

    def post(self, request: Request, number: int) -> Response:
        """Do what the body orders, see `webapp.alerts.actions.ActionRequest`, and return the alert as it stands then."""
        bodies.check_length(request)
        alert = get_object_or_404(Alert, pk=number)
        token = request.auth
        assert isinstance(token, Token)
        if alert.project_id != token.project_id:
            raise PermissionDenied(
                f"the token is for project {token.project.slug}, alert {number} belongs to another project"
            )
        asked = ActionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        done = measurement_actions.act(alert, actions.ActionRequest(**asked.validated_data), who=f"token {token.name}")
        tokens.record_use(token)
        return Response(_document(done.pk))


def _document(number: int) -> dict[str, object]:
    rows = Alert.objects.select_related("project", "commit", "previous_commit", "closed_by").prefetch_related(
        Prefetch("change_points", StoredChangePoint.objects.order_by("pk")),
        Prefetch("events", Event.objects.order_by("pk")),
    )
    return dict(AlertDetailSerializer(get_object_or_404(rows, pk=number)).data)
