"""The scheduler's Celery application: it sends the sweep regularly and does nothing else.

It is not the application of `webapp.celery`, because that one imports all tasks, and with them the models and numpy, into
each process that starts it. The scheduler needs the name of one task.
"""

from __future__ import annotations

import os

from celery import Celery

from webapp import file_broker

SWEEP = "sweep"
"""Name of the task that enqueues all pending work."""

SWEEP_SECONDS = 60.0
"""Time between two sweeps."""


def scheduler() -> Celery:
    """Return the application to start with ``beat``."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    file_broker.register()
    # Celery's fixup for Django would load all apps.
    app = Celery("perfgate scheduler", fixups=[], set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.beat_schedule = {"sweep": {"task": SWEEP, "schedule": SWEEP_SECONDS}}
    return app
