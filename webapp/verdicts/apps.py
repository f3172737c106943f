"""Registers the app."""

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """Verdicts on runs, and waivers given in pull requests."""

    name = "webapp.verdicts"
    label = "verdicts"
