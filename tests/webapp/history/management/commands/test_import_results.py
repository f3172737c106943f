"""``manage.py import_results`` says what is stored; ../../test_imports.py tests what an import does."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.webapp.history.management.commands.called import call
from tests.webapp.history.test_imports import run_import, tree
from webapp.history.models import Project

pytestmark = pytest.mark.django_db


def test_refusals_are_printed_with_file_and_reason(tmp_path: Path) -> None:
    """A file that should be a result and is not is listed; the others are stored and counted."""
    broken = tree(tmp_path) / "results/m1/00000000-py.json"
    broken.write_text("{")

    printed = call("import_results", str(tmp_path), "--project", "p")

    assert printed.startswith("refused: results/m1/00000000-py.json: not JSON")
    assert "5 runs are new, 0 were already stored, 1 refusals. Stored of p:" in printed
    assert "runs                     5" in printed


@pytest.mark.parametrize("content", [None, b"", b"not a tar"])
def test_nothing_to_import_is_an_error(tmp_path: Path, content: bytes | None) -> None:
    """A path that does not exist, or holds nothing, is exit code 2 and leaves no project behind."""
    path = tmp_path / "results.tar"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as error:
        run_import(path)
    assert error.value.returncode == 2


def test_an_empty_folder_creates_no_project(tmp_path: Path) -> None:
    """A project that the command created for an import without results is deleted again."""
    with pytest.raises(CommandError, match="nothing in it could be stored"):
        run_import(tmp_path)
    assert not Project.objects.exists()


def test_a_wrong_project_name_is_an_error(tmp_path: Path) -> None:
    """A name that cannot be part of a URL is refused."""
    with pytest.raises(CommandError):
        call("import_results", str(tree(tmp_path)), "--project", "a b")
