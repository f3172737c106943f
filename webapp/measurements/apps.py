"""Registers the app."""

from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    """What GitHub is asked to measure again."""

    name = "webapp.measurements"
    label = "measurements"
