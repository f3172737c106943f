"""Tests of `webapp.api.identity`: which OIDC tokens are accepted, and what each event may upload."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from django.test import Client
from pytest_django import Settings

from perfgate.results import result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Run, Sample
from standin import StandIn
from tests.webapp.issuer import REPOSITORY, Issuer, new_key, pem
from webapp.alerts.models import Alert
from webapp.api import identity
from webapp.history.models import Commit as StoredCommit
from webapp.history.models import Project, SpentIdentity
from webapp.history.models import Run as StoredRun

HEAD, BASE = "a" * 40, "b" * 40
DEFAULT = "refs/heads/main"
DISPATCH: dict[str, Any] = {"event_name": "workflow_dispatch"}


@pytest.fixture
def issuer(settings: Settings) -> Iterator[Issuer]:
    with Issuer() as made:
        settings.OIDC_ISSUER = made.url
        yield made


@pytest.fixture
def project(db: None) -> Project:  # noqa: ARG001 - asks for the database
    return Project.objects.create(slug="hello", repository=REPOSITORY)


@pytest.fixture
def github(settings: Settings) -> Iterator[StandIn]:
    with StandIn() as stand_in:
        stand_in.add_repository(REPOSITORY)
        stand_in.add_token("app", "perfgate[bot]")
        settings.GITHUB_TOKEN = "app"
        settings.GITHUB_LOGIN = "perfgate[bot]"
        settings.GITHUB_API_URL = stand_in.url
        yield stand_in


def side(sha: str) -> Run:
    rounds = ((1.0, 1.01), (1.0, 1.02))
    sample = Sample(benchmark=Benchmark(name="parse"), metric=CPU_TIME, value=1.0, rounds=rounds)
    environment = Environment(name="runner", fields={"cpu": "c"})
    return Run(suite="bench", tool="t 1", commit=Commit(sha=sha), environment=environment, samples=(sample,))


def pair(number: int | None) -> Run:
    return msgspec.structs.replace(side(HEAD), baseline=side(BASE), pull_request=number)


def upload(token: str, run: Run) -> tuple[int, str]:
    answer = Client().post(
        "/api/v1/runs?name=result.json",
        data=result_file.write(run),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.status_code, answer.json().get("error", {}).get("reason", "")


def test_a_push_to_the_default_branch_writes_history(issuer: Issuer, project: Project) -> None:
    """A push to the default branch uploads without a secret; the first upload ties the project to GitHub's numeric ids."""
    assert upload(issuer.token(), side(HEAD)) == (201, "")
    project.refresh_from_db()
    assert (project.repository_id, project.repository_owner_id) == (74, 65)
    assert StoredRun.objects.get().trusted


def test_a_token_is_accepted_once(issuer: Issuer, project: Project) -> None:
    """A token that was used is refused."""
    token = issuer.token()
    assert upload(token, side(HEAD))[0] == 201
    status, reason = upload(token, side(HEAD))
    assert status == 401
    assert "used already" in reason
    assert SpentIdentity.objects.count() == 1
    assert project.runs.count() == 1


def test_a_token_is_accepted_once_although_it_expired(issuer: Issuer, project: Project) -> None:
    """A used token is remembered as long as the leeway still accepts it."""
    token = issuer.token(exp=int(time.time()) - 5)

    assert 201 == upload(token, side(HEAD))[0]
    status, reason = upload(token, side(HEAD))
    assert 401 == status
    assert "used already" in reason
    assert 1 == project.runs.count()


def _claims(name: str, value: Any) -> dict[str, Any]:
    return {name: value}


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(("claim", "seconds"), [("exp", -600), ("exp", -60), ("nbf", 60), ("nbf", 600)])
def test_a_token_outside_its_time_is_refused(issuer: Issuer, claim: str, seconds: int) -> None:
    """A token that expired a minute ago, or is valid in a minute, is refused: the leeway is half a minute."""
    status, _ = upload(issuer.token(**_claims(claim, int(time.time()) + seconds)), side(HEAD))

    assert 401 == status


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -10), ("nbf", 10)])
@pytest.mark.usefixtures("project")
def test_clocks_may_differ_by_seconds(issuer: Issuer, claim: str, seconds: int) -> None:
    """A token that expired ten seconds ago, or is valid in ten, is accepted."""
    status, reason = upload(issuer.token(**_claims(claim, int(time.time()) + seconds)), side(HEAD))

    assert (201, "") == (status, reason)


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://github.com/octocat"},
        {"aud": ["http://127.0.0.1:8000", "https://other.example.org"]},
        {"iss": "https://token.actions.example.org"},
        {"exp": 1},
        {"nbf": 2**31 - 1},
        {"jti": None},
        {"exp": None},
        {"repository_id": None},
        {"repository_id": "seventy"},
        {"kid": "two"},
        {"key": new_key()},
        {"algorithm": "HS256", "key": "x" * 32},
        {"algorithm": "none", "key": ""},
    ],
    ids=lambda changes: next(iter(changes)) + str(next(iter(changes.values())))[:12],
)
def test_invalid_tokens_are_refused(issuer: Issuer, changes: dict[str, Any]) -> None:
    """A token for another audience, outside its time, from another issuer or with another algorithm is refused."""
    status, reason = upload(issuer.token(**changes), side(HEAD))
    assert status == 401, reason
    assert not StoredRun.objects.exists()


@pytest.mark.usefixtures("project")
def test_hmac_with_the_public_key_is_refused(issuer: Issuer) -> None:
    """A token signed by HMAC with the public key as secret is refused."""

    def part(value: object) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    head = part({"alg": "HS256", "typ": "JWT", "kid": "one"}) + b"." + part(issuer.claims())
    signature = base64.urlsafe_b64encode(hmac.new(pem(issuer.key)[1].encode(), head, hashlib.sha256).digest()).rstrip(
        b"="
    )
    assert upload(f"{head.decode()}.{signature.decode()}", side(HEAD))[0] == 401


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("claims", "run", "why"),
    [
        ({"event_name": "pull_request_target"}, side(HEAD), "may upload nothing"),
        ({"event_name": "workflow_run"}, side(HEAD), "may upload nothing"),
        ({"event_name": "pull_request", "ref": "refs/pull/7/merge"}, side(HEAD), "is about pull request None"),
        ({"event_name": "pull_request", "ref": "refs/pull/7/merge"}, pair(8), "is about pull request 8"),
        ({"event_name": "pull_request", "ref": DEFAULT}, pair(7), "is about pull request 7"),
        ({"ref": "refs/heads/feature"}, side(HEAD), "the history is written by pushes"),
        ({"event_name": "release", "ref": "refs/tags/v1"}, side(HEAD), "the history is written by pushes"),
        (DISPATCH, side(HEAD), "the history is written by pushes"),
        ({}, side(BASE), "the result is about"),
        ({}, pair(7), "uploads nothing for pull request 7"),
        ({**DISPATCH, "ref": "refs/heads/feature"}, pair(None), "not of 'refs/heads/feature'"),
        ({**DISPATCH, "ref": "refs/heads/feature"}, pair(7), "uploads nothing for pull request 7"),
        ({"workflow_ref": f"{REPOSITORY}/.github/workflows/other.yml@{DEFAULT}"}, side(HEAD), "the policy names"),
        ({"workflow_ref": f"mallory/x/.github/workflows/perfgate.yml@{DEFAULT}"}, side(HEAD), "the policy names"),
        ({"repository": "mallory/hello", "repository_id": "99"}, side(HEAD), "no project on this server"),
    ],
)
def test_what_each_event_may_not_upload(
    issuer: Issuer, claims: dict[str, Any], run: Run, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Only pushes to the default branch write history, and each event has its limits; the log has the reason."""
    status, reason = upload(issuer.token(**claims), run)
    assert status == 403
    assert why in reason
    assert why in caplog.text
    assert not StoredRun.objects.exists()


def test_a_reused_repository_name_is_refused(issuer: Issuer, project: Project) -> None:
    """After the first upload the numeric ids decide, not the name."""
    upload(issuer.token(), side(HEAD))
    assert upload(issuer.token(repository_id="99"), side(BASE))[0] == 403
    renamed = {"repository": "octocat/new", "workflow_ref": f"octocat/new/.github/workflows/perfgate.yml@{DEFAULT}"}
    assert upload(issuer.token(**renamed, sha=BASE), side(BASE))[0] == 201
    assert project.runs.count() == 2


def test_a_transferred_repository_is_refused(issuer: Issuer, project: Project) -> None:
    """A repository with a new owner keeps its id, and is refused because the owner id differs."""
    upload(issuer.token(), side(HEAD))
    assert upload(issuer.token(repository_owner_id="66", sha=BASE), side(BASE))[0] == 403
    assert project.runs.count() == 1


@pytest.mark.usefixtures("project")
def test_keys_are_rotated(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown key id makes the keys be fetched again, but not more often than the cooldown allows."""
    monkeypatch.setattr("webapp.api.identity.COOLDOWN_SECONDS", 0.0)
    identity._keys.cache_clear()
    assert upload(issuer.token(), side(HEAD))[0] == 201
    issuer.key, issuer.kid = new_key(), "two"
    assert upload(issuer.token(kid="two", sha=BASE), side(BASE))[0] == 201

    monkeypatch.setattr("webapp.api.identity.COOLDOWN_SECONDS", 30.0)
    identity._keys.cache_clear()
    before = issuer.fetches
    for _ in range(10):
        assert upload(issuer.token(kid="nobody's"), side(HEAD))[0] == 401
    assert issuer.fetches - before <= 2


def test_a_pull_request_upload_must_measure_its_head(issuer: Issuer, project: Project, github: StandIn) -> None:
    """GitHub is asked for the head of the pull request; a result of another commit is refused."""
    number = github.open_pull_request(REPOSITORY, title="Change", head_sha=HEAD, base_sha=BASE)
    claims = {"event_name": "pull_request", "ref": f"refs/pull/{number}/merge", "sha": "c" * 40}
    assert upload(issuer.token(**claims), pair(number))[0] == 201
    other = msgspec.structs.replace(pair(number), commit=Commit(sha="d" * 40))
    status, reason = upload(issuer.token(**claims), other)
    assert (status, "it is late" in reason) == (403, True)
    assert upload(issuer.token(**DISPATCH), other)[0] == 403
    github.fail("pulls/get", 502)
    assert upload(issuer.token(**claims), pair(number))[0] == 503
    assert project.runs.count() == 1


def test_a_dispatched_range_may_be_uploaded(issuer: Issuer, project: Project) -> None:
    """A workflow dispatched on the default branch may upload a range."""
    assert upload(issuer.token(**DISPATCH), pair(None))[0] == 201
    assert project.runs.get().number is None  # no point of the history


@pytest.mark.usefixtures("project")
def test_unreachable_keys_are_503(issuer: Issuer, settings: Settings) -> None:
    """If the keys cannot be fetched, the answer is 503: a retry may succeed."""
    token = issuer.token(iss="http://127.0.0.1:9")
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert upload(token, side(HEAD))[0] == 503


@pytest.mark.usefixtures("project")
def test_an_oidc_token_takes_no_actions(issuer: Issuer) -> None:
    """An OIDC token may upload, and nothing else."""
    project = Project.objects.get()
    alert = Alert.objects.create(
        project=project, branch="main", commit=StoredCommit.objects.create(project=project, sha=HEAD)
    )
    answer = Client().post(
        f"/api/v1/alerts/{alert.pk}/actions",
        data={"action": "acknowledge"},
        content_type="application/json",
        headers={"Authorization": f"Bearer {issuer.token()}"},
    )
    assert answer.status_code == 403
