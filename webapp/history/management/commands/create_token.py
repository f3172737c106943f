"""``manage.py create_token PROJECT --name CI``: create a token for a program that uploads runs or acts on alerts."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from webapp.history import tokens
from webapp.history.models import Project

MAX_DAYS = 36_500


class Command(BaseCommand):
    """Create a token and print it; it cannot be read again."""

    help = "Create a token for a project. Without --scope it can only upload. It is printed once, on standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("project")
        parser.add_argument("--name", required=True, help="name of the token in lists and error messages")
        parser.add_argument(
            "--scope",
            action="append",
            choices=[scope.value for scope in tokens.Scope],
            help="what the token permits; can be repeated (default: upload)",
        )
        parser.add_argument("--expires-days", type=int, metavar="N", help="days until it expires (default: never)")

    def handle(self, *_: object, **options: Any) -> None:
        """Print the new token."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"no project {options['project']!r}: create it with create_project", returncode=2)
        days = options["expires_days"]
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--expires-days must be 1 to {MAX_DAYS}, got {days}", returncode=2)
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        scopes = [tokens.Scope(scope) for scope in dict.fromkeys(options["scope"] or ["upload"])]
        secret = tokens.create(project, name=options["name"][:100], scopes=scopes, expires_at=expires_at)
        self.stdout.write(secret)
        self.stderr.write("Copy it now: only its digest is stored.")
