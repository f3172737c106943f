"""The Celery application: the broker that tasks are sent to. The tasks themselves are in `webapp.worker.tasks`."""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings

from webapp import file_broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

file_broker.register()
app = Celery("perfgate")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def prepare_queue() -> None:
    """Declare the file broker's queue before several processes start using it; other brokers need no preparation."""
    if settings.CELERY_BROKER_URL.startswith(f"{file_broker.SCHEME}:"):
        with app.connection_for_write() as connection:
            app.amqp.queues[settings.CELERY_TASK_DEFAULT_QUEUE](connection.default_channel).declare()
