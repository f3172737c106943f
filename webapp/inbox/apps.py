"""Registers the app."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """What GitHub told us."""

    name = "webapp.inbox"
    label = "inbox"
