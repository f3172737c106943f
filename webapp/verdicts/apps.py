"""Registers the app."""

from django.apps import AppConfig


class VerdictsConfig(AppConfig):
    """What was judged: verdicts on runs, and the permissions that people gave in pull requests."""

    name = "webapp.verdicts"
    label = "verdicts"
