"""A project without runs."""

from __future__ import annotations

import pytest

from webapp.history.models import Project


@pytest.fixture
def project(db: None) -> Project:  # noqa: ARG001 - asks for the database
    return Project.objects.create(slug="p")
