"""``manage.py work``: worker and scheduler alone, for machines beside the web server."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from webapp.celery import prepare_queue
from webapp.worker.management.commands.serve import background
from webapp.worker.supervisor import supervise


class Command(BaseCommand):
    """Run a worker and a scheduler; any number of machines may, with one database and one broker."""

    help = "Run worker and scheduler until stopped; the web server runs elsewhere."

    def handle(self, **_options: Any) -> None:
        """Run until a signal or the end of a child."""
        prepare_queue()
        if code := supervise(background(), self._say):
            raise SystemExit(code)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
