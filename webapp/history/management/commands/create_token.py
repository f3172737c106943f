"""``manage.py create_token PROJECT --name CI``: let a machine upload runs, or decide on alerts."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webapp.history import tokens
from webapp.history.models import Project

MAX_DAYS = 36_500


class Command(BaseCommand):
    """Make a token and print it; it cannot be read again."""

    help = "Make a token for a project, to upload with if nothing else is said. The token is printed once, on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("project")
        parser.add_argument("--name", required=True, help="what it is for, shown in lists and errors")
        parser.add_argument(
            "--scope",
            action="append",
            choices=[scope.value for scope in tokens.Scope],
            help="what it may do; may be given several times (upload)",
        )
        parser.add_argument("--expires-days", type=int, metavar="N", help="never if not given")

    def handle(self, *_: object, **options: Any) -> None:
        """Print the new token."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"no project {options['project']!r}: make it with create_project", returncode=2)
        days = options["expires_days"]
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--expires-days must be 1 to {MAX_DAYS}, got {days}", returncode=2)
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        scopes = [tokens.Scope(scope) for scope in dict.fromkeys(options["scope"] or ["upload"])]
        secret = tokens.create(project, name=options["name"][:100], scopes=scopes, expires_at=expires_at)
        self.stdout.write(secret)
        self.stderr.write("Keep it now: only its digest is stored.")
