"""The Celery application: which queue, and what is due regularly. What the tasks do stands in `webapp.worker.tasks`."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from django.conf import settings

from webapp.worker import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

file_broker.register()
app = Celery("perfgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_ready.connect
def sweep_at_start(**_: Any) -> None:
    """Look for work that was owed while no worker ran, without waiting for the schedule."""
    app.send_task("webapp.worker.tasks.sweep")


def prepare_queue() -> None:
    """Declare the embedded queue once, before several processes do so at the same time; brokers see to it themselves."""
    if settings.CELERY_BROKER_URL.startswith(f"{file_broker.SCHEME}:"):
        with app.connection_for_write() as connection:
            app.amqp.queues[settings.CELERY_TASK_DEFAULT_QUEUE](connection.default_channel).declare()
