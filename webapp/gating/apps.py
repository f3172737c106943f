"""Registers the app that keeps what was decided."""

from django.apps import AppConfig


class GatingConfig(AppConfig):
    """What was decided."""

    name = "webapp.gating"
    label = "gating"

    def ready(self) -> None:
        """Begin to listen to history."""
        # Models can be imported from here on only.
        from webapp.gating import receivers  # noqa: F401, PLC0415
