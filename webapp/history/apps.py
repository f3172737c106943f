"""Registration with Django."""

from django.apps import AppConfig


class HistoryConfig(AppConfig):
    """The app of measured data."""

    name = "webapp.history"
    label = "history"
