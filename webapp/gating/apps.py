"""Registers the app that keeps what was decided."""

from django.apps import AppConfig


class GatingConfig(AppConfig):
    """What was decided."""

    name = "webapp.gating"
    label = "gating"
