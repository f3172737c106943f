"""Tests of `webapp.api.authentication`: API tokens guard uploads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from perfgate.results import result_file
from tests.webapp.api.requests import URL, post
from tests.webapp.history.stored import run
from webapp.history import models, tokens

pytestmark = pytest.mark.django_db


def test_uploads_need_a_valid_token(project: models.Project, secret: str) -> None:
    """A missing or unknown token is 401, a revoked or expired one 403, and nothing is stored."""
    data = result_file.write(run(1, {"a": 1.0}))
    assert Client().post(URL, data, content_type="application/json").status_code == 401
    assert post("pgt_unknown", data).status_code == 401
    assert post("\u00e9", data).status_code == 401
    expired = tokens.create(project, name="old", expires_at=timezone.now() - timedelta(seconds=1))
    assert "expired" in post(expired, data).json()["error"]["reason"]
    models.Token.objects.filter(name="CI").update(revoked_at=timezone.now())
    response = post(secret, data)
    assert (response.status_code, response.json()["error"]["path"]) == (403, "$")
    assert not models.Run.objects.exists()


def test_use_is_recorded_at_most_once_a_minute(secret: str) -> None:
    """The first upload sets `last_used_at`; the next within a minute leaves it."""
    post(secret, result_file.write(run(1, {"a": 1.0})))
    first = models.Token.objects.get().last_used_at
    assert first is not None
    post(secret, result_file.write(run(2, {"a": 1.0})))
    assert models.Token.objects.get().last_used_at == first


def test_only_the_digest_of_a_token_is_stored(secret: str) -> None:
    """The database does not hold the secret of a token."""
    assert secret.startswith("pgt_")
    row = models.Token.objects.get()
    assert secret not in {str(getattr(row, field.attname)) for field in row._meta.fields}
