"""Addresses of the server's own pages."""

from __future__ import annotations

from django.conf import settings

from webapp.alerts.models import Alert
from webapp.history.models import Project


def verdict_url(run_id: int) -> str:
    """Return the address of a verdict's page."""
    return f"{settings.BASE_URL}/runs/{run_id}/verdict/"


def alert_url(alert: Alert) -> str:
    """Return the address of an alert's page."""
    return f"{settings.BASE_URL}/alerts/{alert.pk}/"


def project_url(project: Project) -> str:
    """Return the address of a project's page."""
    return f"{settings.BASE_URL}/projects/{project.slug}/"
