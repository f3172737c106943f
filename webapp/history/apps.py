"""Registers the app that keeps what was measured."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """What was measured."""

    name = "webapp.history"
    label = "history"
