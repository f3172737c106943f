"""Fixtures of the API tests."""

from __future__ import annotations

import pytest

from tests.webapp.history.stored import run, store
from tests.webapp.pages.stored import Shop, store_shop
from webapp.history import models, tokens


@pytest.fixture
def project(db: None) -> models.Project:  # noqa: ARG001 - asks for the database
    return models.Project.objects.create(slug="p")


@pytest.fixture
def secret(project: models.Project) -> str:
    return tokens.create(project, name="CI")


@pytest.fixture
def measured_project(db: None) -> models.Project:  # noqa: ARG001 - asks for the database
    made = models.Project.objects.create(slug="p", repository="o/r")
    for number in (2, 1, 3):
        store(made, run(number, {"a": float(number), "b": 1.0}))
    made.refresh_from_db()
    return made


@pytest.fixture
def shop(db: None) -> Shop:  # noqa: ARG001 - asks for the database
    return store_shop()
