"""``manage.py revoke_token NUMBER``: make a token invalid."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from webapp.history import tokens
from webapp.history.models import Token


class Command(BaseCommand):
    """Revoke one token. Its row stays, so that lists still show it."""

    help = "Revoke a token by its number in the output of list_tokens. Its uploads stay."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("number", type=int)

    def handle(self, *_: object, **options: Any) -> None:
        """Revoke the token."""
        token = Token.objects.select_related("project").filter(pk=options["number"]).first()
        if token is None:
            raise CommandError(
                f"no token {options['number']}: 'manage.py list_tokens PROJECT' shows them", returncode=2
            )
        tokens.revoke(token)
        self.stdout.write(f"token {token.pk} ({token.name}) of project {token.project.slug} is revoked")
