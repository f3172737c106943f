"""The stand-in behaves as GitHub is documented, or known, to behave.

This covers world.py, access.py, shapes.py, state.py and the operations.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests

from standin import StandIn

NAME = "octocat/hello"
SHA = "a" * 40
OUTPUT = {"title": "t", "summary": "s"}
ANNOTATION = {"path": "a.py", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": "m"}


def create_check_run(client: Any, **fields: Any) -> Any:
    response = client.ask("POST", "/check-runs", {"name": "perfgate", "head_sha": SHA, **fields})
    assert response.status_code == 201
    return response.json()


class TestAccess:
    def test_unknown_tokens_are_refused(self, client: Any) -> None:
        """An unknown token gets 401 for every request."""
        assert client.ask("GET", "", token="guessed").status_code == 401

    def test_a_reading_token_may_not_write(self, github: StandIn, client: Any) -> None:
        """A token without write permission may read, and gets 403 for writes."""
        github.add_token("reader", "github-actions[bot]", may_write=False)

        assert client.ask("GET", "/issues", token="reader").status_code == 200
        assert client.ask("POST", "/issues", {"title": "t"}, token="reader").status_code == 403
        assert github.issues(NAME) == []

    def test_only_people_have_a_user(self, github: StandIn, client: Any) -> None:
        """GET /user returns the owner of a personal token, and refuses an App."""
        assert client.ask("GET", f"{github.url}/user", token="person").json()["login"] == "octocat"
        assert client.ask("GET", f"{github.url}/user").status_code == 403

    def test_only_apps_write_check_runs(self, github: StandIn, client: Any) -> None:
        """A personal token may not create a check run."""
        response = client.ask("POST", "/check-runs", {"name": "x", "head_sha": SHA}, token="person")

        assert (response.status_code, github.check_runs(NAME, SHA)) == (403, [])

    def test_check_runs_belong_to_their_app(self, github: StandIn, client: Any) -> None:
        """No other App may change a check run."""
        run = create_check_run(client)
        github.add_token("other", "other[bot]")

        assert client.ask("PATCH", f"/check-runs/{run['id']}", {"status": "queued"}, token="other").status_code == 403

    def test_a_missing_repository_is_not_found(self, github: StandIn, client: Any) -> None:
        """What does not exist, or is not visible, gets 404; the case of a name does not matter."""
        assert client.ask("GET", f"{github.url}/repos/octocat/other").status_code == 404
        assert client.ask("GET", f"{github.url}/repos/OctoCat/Hello").json()["full_name"] == NAME


class TestComments:
    @pytest.mark.parametrize(("length", "status"), [(0, 422), (65_536, 201), (65_537, 422)])
    def test_have_a_length(self, length: int, status: int, github: StandIn, client: Any) -> None:
        """A comment is neither empty nor longer than 65,536 characters, which GitHub does not document."""
        number = client.ask("POST", "/issues", {"title": "t"}).json()["number"]

        assert client.ask("POST", f"/issues/{number}/comments", {"body": "ä" * length}).status_code == status
        assert [len(comment.body) for comment in github.comments(NAME, number)] == ([length] if status == 201 else [])

    def test_are_listed_in_pages(self, github: StandIn, client: Any) -> None:
        """A page has 30 items, or at most 100, and links to the other pages."""
        number = client.ask("POST", "/issues", {"title": "t"}).json()["number"]
        for index in range(250):
            github.add_comment(NAME, number, "talker", f"{index}")
        path = f"/issues/{number}/comments"

        assert len(client.ask("GET", path).json()) == 30
        first = client.ask("GET", path, per_page="1000")
        assert (len(first.json()), set(first.links)) == (100, {"next", "last"})
        second = client.ask("GET", first.links["next"]["url"])
        assert (second.json()[0]["body"], set(second.links)) == ("100", {"prev", "next", "last", "first"})
        third = client.ask("GET", second.links["next"]["url"])
        assert (len(third.json()), set(third.links)) == (50, {"prev", "first"})

    def test_can_be_deleted(self, github: StandIn, client: Any) -> None:
        """A deleted comment is gone."""
        number = client.ask("POST", "/issues", {"title": "t"}).json()["number"]
        comment_id = github.add_comment(NAME, number, "talker", "hello")

        assert client.ask("DELETE", f"/issues/comments/{comment_id}").status_code == 204
        assert client.ask("GET", f"/issues/comments/{comment_id}").status_code == 404


class TestIssues:
    def test_share_their_numbers_with_pull_requests(self, github: StandIn, client: Any) -> None:
        """A pull request is an issue, too, and has a field that says so."""
        pull = github.open_pull_request(NAME, title="p", head_sha=SHA, base_sha="b" * 40)
        issue = client.ask("POST", "/issues", {"title": "i"}).json()["number"]

        listed = client.ask("GET", "/issues").json()
        assert [(item["number"], "pull_request" in item) for item in listed] == [(issue, False), (pull, True)]
        assert client.ask("GET", f"/pulls/{issue}").status_code == 404
        assert [found.number for found in github.issues(NAME)] == [issue]

    def test_are_listed_by_state_creator_and_labels(self, client: Any) -> None:
        """Each parameter filters the list; without any it has the open issues."""
        client.ask("POST", "/issues", {"title": "1", "labels": ["a", "b"]})
        client.ask("POST", "/issues", {"title": "2", "labels": ["a"]}, token="person")
        client.ask("PATCH", "/issues/1", {"state": "closed", "state_reason": "not_planned"})

        def titles(**query: str) -> list[str]:
            return [issue["title"] for issue in client.ask("GET", "/issues", **query).json()]

        assert titles() == ["2"]
        assert titles(state="all", labels="a") == ["2", "1"]
        assert titles(state="all", labels="a,b") == ["1"]
        assert titles(state="all", creator="perfgate[bot]") == ["1"]

    def test_close_and_open_with_a_reason(self, client: Any) -> None:
        """A change of state keeps title, text and labels, and sets the reason."""
        client.ask("POST", "/issues", {"title": "t", "body": "b", "labels": ["a"]})
        closed = client.ask("PATCH", "/issues/1", {"state": "closed"}).json()
        opened = client.ask("PATCH", "/issues/1", {"state": "open"}).json()

        assert (closed["state_reason"], closed["title"], closed["body"]) == ("completed", "t", "b")
        assert (opened["state_reason"], opened["closed_at"], opened["labels"][0]["name"]) == ("reopened", None, "a")

    def test_have_a_title_that_fits(self, client: Any) -> None:
        """A title above 256 characters is refused."""
        assert client.ask("POST", "/issues", {"title": "x" * 257}).status_code == 422


class TestCheckRuns:
    def test_need_a_known_commit(self, client: Any) -> None:
        """A commit that the repository does not have is refused."""
        response = client.ask("POST", "/check-runs", {"name": "perfgate", "head_sha": "f" * 40})

        assert (response.status_code, response.json()["message"]) == (422, f"No commit found for SHA: {'f' * 40}")

    def test_need_a_conclusion_to_be_complete(self, client: Any) -> None:
        """A check run is complete with a conclusion, and with a conclusion it is complete."""
        body = {"name": "perfgate", "head_sha": SHA, "status": "completed"}
        assert client.ask("POST", "/check-runs", body).status_code == 422
        assert create_check_run(client, conclusion="success")["status"] == "completed"

    def test_annotations_are_appended(self, client: Any) -> None:
        """An update appends its annotations, as GitHub documents, and they are listed in pages."""
        run = create_check_run(client, output={**OUTPUT, "annotations": 50 * [ANNOTATION]})
        body = {"output": {**OUTPUT, "annotations": 20 * [ANNOTATION]}}

        updated = client.ask("PATCH", f"/check-runs/{run['id']}", body).json()

        assert updated["output"]["annotations_count"] == 70
        assert len(client.ask("GET", f"/check-runs/{run['id']}/annotations", per_page="100").json()) == 70

    def test_latest_hides_older_ones_of_the_same_name(self, client: Any) -> None:
        """A list has the latest check run of each name, unless all are requested."""
        first, second = create_check_run(client), create_check_run(client)
        create_check_run(client, name="other")
        path = f"/commits/{SHA}/check-runs"

        latest = client.ask("GET", path, check_name="perfgate").json()
        everything = client.ask("GET", path, check_name="perfgate", filter="all").json()

        assert [run["id"] for run in latest["check_runs"]] == [second["id"]]
        assert {run["id"] for run in everything["check_runs"]} == {first["id"], second["id"]}


def test_files_are_read_at_a_ref(github: StandIn, client: Any) -> None:
    """A file exists at its ref; without a ref the default branch is read."""
    github.add_file(NAME, "main", "docs/perfgate.toml", b"[policy]\n")

    assert client.ask("GET", "/contents/docs/perfgate.toml").json()["content"] == "W3BvbGljeV0K\n"
    assert client.ask("GET", "/contents/docs/perfgate.toml", ref="other").status_code == 404


def test_broken_json_is_refused(github: StandIn, client: Any) -> None:
    """A body that is no JSON gets 400, and is a violation."""
    headers = {"Authorization": "token app", "X-GitHub-Api-Version": "2022-11-28"}
    response = client.session.post(f"{client.url}/issues", data=b"{", headers=headers, timeout=10)

    assert (response.status_code, github.issues(NAME)) == (400, [])
    assert github.violations.pop() == "issues/create: the body is no JSON"


class TestFaults:
    def test_refuse_a_request_once(self, github: StandIn, client: Any) -> None:
        """A refused request changes nothing, and only one request is refused."""
        github.fail("issues/create", 502, "Bad Gateway")

        assert client.ask("POST", "/issues", {"title": "t"}).status_code == 502
        assert github.issues(NAME) == []
        assert client.ask("POST", "/issues", {"title": "t"}).status_code == 201

    def test_can_follow_the_change(self, github: StandIn, client: Any) -> None:
        """With after=True the change is made, and the response is an error."""
        github.fail("issues/create", 502, "Bad Gateway", after=True)

        assert client.ask("POST", "/issues", {"title": "t"}).status_code == 502
        assert len(github.issues(NAME)) == 1

    def test_responses_can_be_lost(self, github: StandIn, client: Any) -> None:
        """The connection is closed after the change was made."""
        github.lose_response("issues/create")

        with pytest.raises(requests.ConnectionError):
            client.ask("POST", "/issues", {"title": "t"})
        assert len(github.issues(NAME)) == 1
        assert [(exchange.operation, exchange.status) for exchange in github.exchanges] == [("issues/create", 0)]
