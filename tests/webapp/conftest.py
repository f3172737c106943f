"""A project whose repository is on the stand-in GitHub, and the queue of its tasks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings

from standin import StandIn
from tests.webapp.enqueued import Enqueued
from tests.webapp.lab import NAME, Lab, sha
from webapp.history.models import Project


@pytest.fixture
def project(db: None) -> Project:  # noqa: ARG001 - asks for the database
    return Project.objects.create(slug="hello", repository=NAME)


@pytest.fixture
def lab(project: Project) -> Lab:
    return Lab(project)


@pytest.fixture
def enqueued() -> Iterator[Enqueued]:
    messages = Enqueued(Path(str(django_settings.CELERY_BROKER_TRANSPORT_OPTIONS["data_folder_in"])))
    messages.clear()
    yield messages
    messages.clear()


@pytest.fixture
def github(settings: Settings) -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(NAME)
        stand_in.add_token("app", "perfgate[bot]")
        stand_in.add_commits(NAME, *map(sha, range(3_000)))
        settings.GITHUB_TOKEN = "app"
        settings.GITHUB_LOGIN = "perfgate[bot]"
        settings.GITHUB_API_URL = stand_in.url
        yield stand_in
