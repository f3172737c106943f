"""The report job of a workflow uploads to a server over real sockets, with OIDC tokens."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from perfgate import client
from perfgate.cli import main
from perfgate.errors import InvalidInput, Unavailable
from perfgate.results import result_file
from tests.webapp.api.test_identity import HEAD, pair, side
from tests.webapp.issuer import REPOSITORY, Issuer
from webapp.history.models import Project, Run, SpentIdentity


@pytest.mark.django_db(transaction=True)
def test_a_workflow_uploads_what_it_measured(
    live_server: LiveServer, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two files are uploaded with one OIDC token each and no secret."""
    project = Project.objects.create(slug="hello", repository=REPOSITORY)
    settings.BASE_URL = live_server.url
    event, results = tmp_path / "event.json", tmp_path / "results"
    event.write_text(json.dumps({}))
    results.mkdir()
    for index, run in enumerate((side(HEAD), pair(None))):
        result_file.save(run, results / f"{index}.json")
    with Issuer() as issuer:
        settings.OIDC_ISSUER = issuer.url
        for name, value in {
            "GITHUB_EVENT_NAME": "push",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": HEAD,
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{issuer.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "of this job",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("PERFGATE_TOKEN", raising=False)
        assert main(["ci", "report", f"--results={results}", f"--server={live_server.url}"]) in {0, 3}

    assert Run.objects.filter(project=project).count() == 2
    assert SpentIdentity.objects.count() == 2
    asked = [parse_qs(urlsplit(path).query) for path in issuer.asked]
    assert [query["audience"] for query in asked] == [[live_server.url]] * 2


def test_credentials_prefer_the_token(tmp_path: Path) -> None:
    """A token is preferred to an OIDC token; without either, the error says what to do."""
    assert client.credentials("https://x.invalid", {"PERFGATE_TOKEN": "pgt_x"}) == "pgt_x"
    with pytest.raises(InvalidInput, match="id-token: write"):
        client.credentials("https://x.invalid", {})
    asked = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"file://{tmp_path}/token?x=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t"}
    with pytest.raises(InvalidInput, match="no address to request a token from"):
        client.credentials("https://x.invalid", asked)
    with pytest.raises(Unavailable, match="try again"):
        client.credentials(
            "https://x.invalid", {**asked, "ACTIONS_ID_TOKEN_REQUEST_URL": "http://127.0.0.1:9/token?x=1"}
        )
