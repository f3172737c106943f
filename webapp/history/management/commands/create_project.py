"""``manage.py create_project NAME``: create a project, or change its settings."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from webapp.history.models import Project


class Command(BaseCommand):
    """Create a project; an existing one gets the settings that are given."""

    help = "Create a project, or change the settings of an existing one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("name", help="letters, digits, hyphens and underscores; part of every URL")
        parser.add_argument(
            "--repository", metavar="OWNER/NAME", help="repository on GitHub that gets comments, check runs and issues"
        )
        parser.add_argument("--default-branch", metavar="BRANCH", help="main if not given")

    def handle(self, *_: object, **options: Any) -> None:
        """Create or change the project."""
        given = {"repository": options["repository"], "default_branch": options["default_branch"]}
        project = Project.objects.filter(slug=options["name"]).first() or Project(slug=options["name"])
        for field, value in given.items():
            if value is not None:
                setattr(project, field, value)
        existed = project.pk is not None
        try:
            project.full_clean(validate_unique=False)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages), returncode=2) from error
        project.save()
        self.stdout.write(f"project {project.slug} {'changed' if existed else 'created'}")
