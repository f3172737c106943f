"""Registers the app."""

from importlib import import_module

from django.apps import AppConfig


class PublishingConfig(AppConfig):
    """What channels should show and do."""

    name = "webapp.publishing"
    label = "publishing"

    def ready(self) -> None:
        """Connect each channel's signal receivers."""
        # Models can be imported only from here on.
        from webapp.publishing.channels.registry import CHANNELS  # noqa: PLC0415

        for name in CHANNELS:
            import_module(f"webapp.publishing.channels.{name}.receivers")
