"""Registers the app."""

from django.apps import AppConfig


class AlertsConfig(AppConfig):
    """What changed in the history: change points, alerts, their events and states."""

    name = "webapp.alerts"
    label = "alerts"
