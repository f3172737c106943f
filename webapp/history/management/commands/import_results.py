"""``manage.py import_results PATH --project NAME``: import an old history."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from perfgate.errors import InvalidInput
from perfgate.report import terminal
from perfgate.results.formats import all_formats
from webapp.history import imports
from webapp.history.counts import ProjectCounts, count_stored
from webapp.history.models import Project


class Command(BaseCommand):
    """Import every result in a folder, an archive or a file. Files that are already stored do not change."""

    help = (
        f"Import results of {', '.join(sorted(known.title for known in all_formats()))} from a folder, a tar archive or "
        "one file. It can be stopped and started again. Exit code 2: nothing was stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("path", type=Path)
        parser.add_argument("--project", required=True, metavar="NAME", help="created if it does not exist")
        parser.add_argument(
            "--repo", type=Path, metavar="GIT", help="a clone of the repository, from which the commits get their order"
        )
        parser.add_argument(
            "--default-branch", default="main", metavar="BRANCH", help="default branch of a new project (main)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: object, **options: Any) -> None:
        """Import, and print what is stored and what was refused."""
        try:
            project, created = _project(options["project"], options["default_branch"])
            commits = imports.read_commits(options["repo"]) if options["repo"] else {}
            progress = _import(project, options["path"], commits)
        except InvalidInput as error:
            raise CommandError(str(error), returncode=2) from error
        imports.complete_commits(project, commits)
        counts = count_stored(project)
        if options["json"]:
            self.stdout.write(json.dumps(_document(project, progress, counts)))
        else:
            self._print(project, progress, counts)
        if not progress.created + progress.present:
            if created:
                project.delete()
            raise CommandError(f"{options['path']}: nothing in it could be stored", returncode=2)

    def _print(self, project: Project, progress: imports.ImportProgress, counts: ProjectCounts) -> None:
        for refusal in progress.refused:
            self.stdout.write(f"refused: {refusal.where}: {refusal.reason}")
        self.stdout.write(
            f"{progress.created:,} runs are new, {progress.present:,} were already stored, "
            f"{len(progress.refused):,} refusals. Stored of {project.slug}:"
        )
        for name, count in msgspec.structs.asdict(counts).items():
            self.stdout.write(f"  {name:14}{count:>12,}")


def _project(name: str, default_branch: str) -> tuple[Project, bool]:
    """Return the project, and whether it was created."""
    project = Project.objects.filter(slug=name).first()
    if project is not None:
        return project, False
    project = Project(slug=name, default_branch=default_branch)
    try:
        project.full_clean()
    except ValidationError as error:
        raise CommandError("; ".join(error.messages), returncode=2) from error
    project.save()
    return project, True


def _import(project: Project, path: Path, commits: dict[str, Any]) -> imports.ImportProgress:
    progress = imports.ImportProgress()
    with terminal.progress() as bar:
        task = bar.add_task(f"importing {path.name}", total=None)
        for progress in imports.import_results(project, path, commits=commits):
            bar.update(task, completed=progress.position, total=progress.total or None)
    return progress


def _document(project: Project, progress: imports.ImportProgress, counts: ProjectCounts) -> dict[str, Any]:
    return {
        "project": project.slug,
        "created": progress.created,
        "present": progress.present,
        "refused": [{"where": refusal.where, "reason": refusal.reason} for refusal in progress.refused],
        "stored": msgspec.structs.asdict(counts),
    }
