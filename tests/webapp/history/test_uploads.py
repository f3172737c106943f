"""A stored upload is read again, or an error says why not."""

from __future__ import annotations

import pytest

from perfgate.errors import InvalidResult
from perfgate.results import result_file
from tests.webapp.history.stored import run, store
from webapp.history.models import Project, Run, Upload
from webapp.history.uploads import open_upload

pytestmark = pytest.mark.django_db


def stored(project: Project) -> Run:
    return Run.objects.get(pk=store(project, run(1, {"a": 1.0})).run_id)


def test_the_file_is_the_uploaded_one(project: Project) -> None:
    """The bytes, the name and the run are those of the upload."""
    opened = open_upload(stored(project))

    assert (opened.run, opened.name, opened.context) == (run(1, {"a": 1.0}), "result.json", None)
    assert result_file.write(run(1, {"a": 1.0})) == opened.data


def test_a_missing_or_damaged_file_is_an_error(project: Project) -> None:
    """A missing or damaged file is an error and not an empty run."""
    row = stored(project)
    Upload.objects.update(content=b"damaged")
    with pytest.raises(InvalidResult, match="damaged"):
        open_upload(row)
    Upload.objects.all().delete()
    with pytest.raises(InvalidResult, match="not there"):
        open_upload(row)
