"""``manage.py import_results PATH --project NAME``: bring an old history in."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import msgspec
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from perfgate.errors import InvalidInput
from perfgate.report import terminal
from webapp.history import imports
from webapp.history.models import Project
from webapp.history.summary import Summary, summarise


class Command(BaseCommand):
    """Import every result in a folder, an archive or a file; what is stored already is left alone."""

    help = (
        "Import asv results, pytest-benchmark storage, github-action-benchmark's data.js and perfgate's own files from "
        "a folder, a tar archive or one file. It can be stopped and started again. Exit code 2: nothing was stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("path", type=Path)
        parser.add_argument("--project", required=True, metavar="NAME", help="made if it does not exist")
        parser.add_argument("--repo", type=Path, metavar="GIT", help="a clone, which gives the commits their order")
        parser.add_argument("--default-branch", default="main", metavar="BRANCH", help="of a new project")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: object, **options: Any) -> None:
        """Import, and say what is stored and what was refused."""
        try:
            project, made = _project(options["project"], options["default_branch"])
            commits = imports.commits_of(options["repo"]) if options["repo"] else {}
            progress = _import(project, options["path"], commits)
        except InvalidInput as error:
            raise CommandError(str(error), returncode=2) from error
        imports.complete_commits(project, commits)
        summary = summarise(project)
        if options["json"]:
            self.stdout.write(json.dumps(_document(project, progress, summary)))
        else:
            self._print(project, progress, summary)
        if not progress.created + progress.present:
            if made:
                project.delete()
            raise CommandError(f"{options['path']}: nothing in it could be stored", returncode=2)

    def _print(self, project: Project, progress: imports.Progress, summary: Summary) -> None:
        for refusal in progress.refused:
            self.stdout.write(f"refused: {refusal.where}: {refusal.reason}")
        self.stdout.write(
            f"{progress.created:,} runs are new, {progress.present:,} were there already, "
            f"{len(progress.refused):,} refusals. Stored of {project.slug}:"
        )
        for name, count in msgspec.structs.asdict(summary).items():
            self.stdout.write(f"  {name:14}{count:>12,}")


def _project(name: str, default_branch: str) -> tuple[Project, bool]:
    """Return the project, and whether it was made just now."""
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


def _import(project: Project, path: Path, commits: dict[str, Any]) -> imports.Progress:
    progress = imports.Progress()
    with terminal.progress() as bar:
        task = bar.add_task(f"importing {path.name}", total=None)
        for progress in imports.import_results(project, path, commits=commits):
            bar.update(task, completed=progress.position, total=progress.total or None)
    return progress


def _document(project: Project, progress: imports.Progress, summary: Summary) -> dict[str, Any]:
    return {
        "project": project.slug,
        "created": progress.created,
        "present": progress.present,
        "refused": [{"where": each.where, "reason": each.reason} for each in progress.refused],
        "stored": msgspec.structs.asdict(summary),
    }
