"""Registers the app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """Change points, alerts, and the alerts' events."""

    name = "webapp.alerts"
    label = "alerts"
