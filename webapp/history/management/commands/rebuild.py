"""``manage.py rebuild``: derive series, points and counts again from the uploaded files."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perfgate.report import terminal
from webapp.history.models import Project
from webapp.history.rebuild import rebuild


class Command(BaseCommand):
    """Rebuild series, points and counts of one project or all."""

    help = "Rebuild series, points and counts from the uploaded files. Uploads to a project wait while it is rebuilt."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--project", metavar="NAME", help="name of the project (default: all)")

    def handle(self, *_: object, **options: Any) -> None:
        """Rebuild."""
        chosen = Project.objects.order_by("slug")
        if options["project"] is not None:
            chosen = chosen.filter(slug=options["project"])
            if not chosen:
                raise CommandError(f"no project {options['project']!r}", returncode=2)
        with terminal.progress() as bar:
            for project in chosen:
                task = bar.add_task(f"rebuilding {project.slug}", total=project.runs.count())
                done = 0
                for done in rebuild(project):
                    bar.update(task, completed=done)
                self.stdout.write(f"{project.slug}: {done:,} runs rebuilt")
