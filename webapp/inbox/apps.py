"""Registers the app."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """What arrives from GitHub."""

    name = "webapp.inbox"
    label = "inbox"
