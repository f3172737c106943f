"""Untrusted text in benchmarks, commits, branches, authors and environments is shown as text, on GitHub and on the pages."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser

import cmarkgfm
import msgspec
import pytest
from django.test import Client

from perfgate.results import records
from perfgate.results.records import Benchmark, Commit, Environment
from standin import StandIn
from tests.webapp.conftest import github, lab, project  # noqa: F401 - fixtures
from tests.webapp.lab import NAME, Lab, sha
from webapp.alerts.models import Alert
from webapp.history.models import Series

TEXTS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "a|b|c",
    "`code` ``more`` ```fence```",
    "@octocat and @org/team",
    "fixes #1, closes octocat/hello#2",
    "[link](javascript:alert(1))",
    "![image](https://evil.invalid/x.png)",
    "--> <!-- perfgate:pull:hello -->",
    "</table></details><h1>free</h1>",
    "\\| escaped \\`",
    "{{ constructor }} {% debug %}",
    "'; DROP TABLE history_run; --",
    "$(reboot) `reboot` ; reboot",
    "https://evil.invalid www.evil.invalid mail@evil.invalid",
    "&lt;b&gt; &#60;b&#62;",
    '" onmouseover="alert(1)',
    "%s %n {0} {name}",
    "x" * 300,
]
HIDDEN = "ab\u202ecd\u200bef\u2066gh\ufeff"
"""Turns round and hides what follows; uploads refuse it in names, commits may have it."""

_LOADS = re.compile(r"<(?=/?(?:script|iframe|img|svg))")
"""Markup that uploads refuse outright; with a sign in between it is let in, and must do no more."""

ALLOWED = {
    "h3",
    "p",
    "strong",
    "em",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "code",
    "sub",
    "a",
    "details",
    "summary",
    "ul",
    "li",
    "blockquote",
    "pre",
    "br",
}


class Reader(HTMLParser):
    """Collects tags, rows, links, and the text that stands outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.rows: list[int] = []
        self.plain = ""
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        assert not any(name.startswith("on") for name, _ in attrs), attrs
        self._code += tag in {"code", "pre"}
        if tag == "tr":
            self.rows.append(0)
        elif tag in {"td", "th"}:
            self.rows[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag in {"code", "pre"}

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.plain += data


def check_markdown(markdown: str) -> None:
    """Rendered by GitHub's own renderer, untrusted text stays inside code spans and the structure is ours."""
    read = Reader(cmarkgfm.github_flavored_markdown_to_html(markdown))
    assert read.tags <= ALLOWED, read.tags - ALLOWED
    assert len(set(read.rows)) <= 2, read.rows
    assert all(link.startswith("http://127.0.0.1:8000/") for link in read.links), read.links
    assert "@" not in read.plain
    assert not re.search(r"#\d|evil|alert\(|reboot", read.plain), read.plain
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]", markdown)


def hostile(text: str, run: records.Run) -> records.Run:
    """Return a run in which every free text is *text*."""
    named = _LOADS.sub("<x", text)
    bench = Benchmark(name=named)
    commit = Commit(
        sha=run.commit.sha,
        committed_at=run.commit.committed_at,
        generation=run.commit.generation,
        branch="",
        subject=named + HIDDEN,
        author=named + HIDDEN,
    )
    samples = tuple(msgspec.structs.replace(sample, benchmark=bench) for sample in run.samples)
    environment = Environment(name=named[:100], fields={"cpu": named[:100]})
    return msgspec.structs.replace(run, commit=commit, samples=samples, environment=environment)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: re.sub(r"\W+", "-", text)[:20])
def test_it_stays_text(
    lab: Lab,  # noqa: F811 - the fixture
    github: StandIn,  # noqa: F811 - the fixture
    client: Client,
    caplog: pytest.LogCaptureFixture,
    text: str,
) -> None:
    """In comment, check, issue, every page, chart and log."""
    caplog.set_level(logging.INFO)

    def side(commit: int, seconds: float, rounds: int = 24) -> records.Run:
        run = records.Run(
            suite="bench",
            tool="t 1",
            commit=lab.commit(commit),
            environment=Environment(name="x"),
            samples=(lab.sample("x", seconds, rounds=rounds),),
        )
        return hostile(text, run)

    for number in range(24):
        lab.store(side(number, 1.0 if number < 12 else 1.2, rounds=1))
    lab.work()
    base, head = side(1, 1.0), side(100, 1.3)
    pull = github.open_pull_request(NAME, title=text, head_sha=sha(100), base_sha=sha(1), head_ref="change")
    stored = lab.store(msgspec.structs.replace(head, baseline=base, pull_request=pull))
    lab.work()

    (comment,) = github.comments(NAME, pull)
    check_markdown(comment.body)
    (check,) = github.check_runs(NAME, sha(100))
    check_markdown(check.summary or "")
    (issue,) = github.issues(NAME)
    check_markdown(issue.body)
    assert "\n" not in issue.title
    alert, series = Alert.objects.get(), Series.objects.first()
    assert series is not None
    pages = [
        "/",
        "/projects/hello/",
        "/projects/hello/runs/",
        f"/series/{series.pk}/chart.json",
        f"/alerts/{alert.pk}/",
        f"/series/{series.pk}/",
        f"/runs/{stored.pk}/",
        f"/runs/{stored.pk}/verdict/",
        "/projects/hello/alerts/",
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        assert answer["X-Content-Type-Options"] == "nosniff"
        if answer["Content-Type"].startswith("application/json"):
            continue  # read by our script, which puts text where text goes
        html = answer.content.decode()
        for tag in ("<script>alert", "<img src=x", "<h1>free", 'onmouseover="alert', "<xscript"):
            assert tag not in html, page
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", html), page
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", caplog.text)
