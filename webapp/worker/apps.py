"""Registers the app."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    """The Celery tasks, and the commands and processes that run them."""

    name = "webapp.worker"
    label = "worker"

    def ready(self) -> None:
        """Connect the signal receivers."""
        # Models cannot be imported before this.
        from webapp.worker import receivers  # noqa: F401, PLC0415
