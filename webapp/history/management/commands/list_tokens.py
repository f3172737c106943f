"""``manage.py list_tokens PROJECT``: list the tokens of a project with their scopes and last use."""

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from perfgate.formatting import plain
from webapp.history import tokens
from webapp.history.models import Project


class Command(BaseCommand):
    """List the tokens of a project; their secrets cannot be read again."""

    help = "List a project's tokens: number, name, scopes, when it was created, when it expires, its last use, and whether it is valid."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("project")

    def handle(self, *_: object, **options: Any) -> None:
        """Print one line per token, oldest first."""
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"no project {options['project']!r}: create it with create_project", returncode=2)
        rows = [("number", "name", "scopes", "created", "expires", "last used", "valid")]
        rows += [
            (
                str(token.pk),
                plain(token.name, 40),
                ",".join(token.scopes),
                _day(token.created_at, ""),
                _day(token.expires_at, "never"),
                _day(token.last_used_at, "never"),
                "no, revoked" if token.revoked_at else "no, expired" if tokens.refusal(token) else "yes",
            )
            for token in project.tokens.order_by("pk")
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _day(moment: datetime | None, otherwise: str) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else otherwise
