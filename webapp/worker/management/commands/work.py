"""``manage.py work``: worker and scheduler without the web server, for a second machine."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from webapp.celery import prepare_queue
from webapp.worker.management.commands.serve import worker_and_scheduler
from webapp.worker.supervisor import supervise


class Command(BaseCommand):
    """Run a worker and a scheduler; several machines may do so with one database and one broker."""

    help = "Run worker and scheduler until stopped; the web server runs elsewhere."

    def handle(self, **_options: Any) -> None:
        """Run until a signal arrives or a child process ends."""
        prepare_queue()
        if code := supervise(worker_and_scheduler(), self._print_line):
            raise SystemExit(code)

    def _print_line(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
