"""Registers the app that holds the Celery tasks and the commands that run them."""

from django.apps import AppConfig


class WorkerConfig(AppConfig):
    """Celery tasks and the processes that run them."""

    name = "webapp.worker"
    label = "worker"

    def ready(self) -> None:
        """Connect the signal receivers."""
        # Models can be imported from here on only.
        from webapp.worker import receivers  # noqa: F401, PLC0415
