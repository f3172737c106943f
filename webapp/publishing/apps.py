"""Registers the app."""

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """What GitHub is meant to show, and how fast it may be written to."""

    name = "webapp.publishing"
    label = "publishing"
