"""``manage.py process``: process pending runs in this process, without a worker or right after an import."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand

from perfgate.report import terminal
from webapp.worker.processing import process_backlog, projects_pending


class Command(BaseCommand):
    """Process all pending runs."""

    help = "Detect changes and judge pull requests for all pending runs; the worker of `serve` does the same."

    def handle(self, **_options: Any) -> None:
        """Process one project after the other."""
        projects = projects_pending()
        with terminal.progress() as bar:
            for project in bar.track(projects, description="processing"):
                count = process_backlog(project, wait_for_imports=False)
                self.stdout.write(f"{project.slug}: {count:,} runs processed")
