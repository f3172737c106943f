"""Registers the app."""

from django.apps import AppConfig


class MeasurementsConfig(AppConfig):
    """What GitHub is asked to measure again, and the results."""

    name = "webapp.measurements"
    label = "measurements"

    def ready(self) -> None:
        """Connect the signal receivers."""
        # Models can be imported only from here on.
        from webapp.measurements import receivers  # noqa: F401, PLC0415
