"""``manage.py process``: do the owed work here and now, for machines without a worker and right after an import."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from perfgate.report import terminal
from webapp.worker.processing import process_backlog, projects_pending


class Command(BaseCommand):
    """Process all runs that are owed."""

    help = "Detect changes and judge pull requests for all runs that wait for it; the worker of `serve` does the same."

    def handle(self, **_options: Any) -> None:
        """Process one project after the other."""
        owed = projects_pending()
        with terminal.progress() as bar:
            for project in bar.track(owed, description="processing"):
                done = process_backlog(project, wait_for_imports=False)
                self.stdout.write(f"{project.slug}: {done:,} runs processed")
