"""Registers the app."""

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """What GitHub should show."""

    name = "webapp.publishing"
    label = "publishing"

    def ready(self) -> None:
        """Connect the signal receivers."""
        # Models can be imported only from here on.
        from webapp.publishing import receivers  # noqa: F401, PLC0415
