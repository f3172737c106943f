"""Issues link to pages that exist, and untrusted text stays text. Covers links.py too."""

from __future__ import annotations

from urllib.parse import urlsplit

import cmarkgfm
import pytest
from django.urls import resolve

from standin import StandIn
from tests.webapp.lab import NAME, Lab
from webapp.alerts.models import Alert
from webapp.alerts.signals import alerts_settled
from webapp.history.models import Benchmark
from webapp.publishing.channels.github import links
from webapp.publishing.models import Publication


@pytest.mark.django_db
def test_links_lead_to_pages(lab: Lab) -> None:
    """The addresses in comments, checks and issues are those of the pages."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()

    assert "pages:verdict" == resolve(urlsplit(links.verdict_url(7)).path).view_name
    assert "pages:alert" == resolve(urlsplit(links.alert_url(Alert.objects.get())).path).view_name


def test_hostile_names_stay_in_their_cells(lab: Lab, github: StandIn) -> None:
    """A benchmark's name cannot break the issue's table, add HTML or reach into the title's line."""
    name = "a`b|c](http://x)<img src=x>\n# d\u202e"
    lab.history([1.0] * 12 + [1.2] * 12)
    Benchmark.objects.update(label=name)  # uploads are refused such names
    lab.work()

    (issue,) = github.issues(NAME)
    html = cmarkgfm.github_flavored_markdown_to_html(issue.body)
    assert 6 == html.count("<td>")
    assert "<img" not in html
    assert "\n" not in issue.title
    assert "\u202e" not in issue.title + issue.body


def test_the_title_keeps_still(lab: Lab) -> None:
    """An estimate that moves with every point edits the issue's text, and leaves its title alone."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()
    before = Publication.objects.get().payload
    lab.history([1.25] * 4, first=24)
    lab.work()
    after = Publication.objects.get().payload

    assert before["body"] != after["body"]
    assert before["title"] == after["title"]


@pytest.mark.parametrize(
    ("kind", "told"), [("runner", "look at the machine"), ("drift", "drifted away"), ("drift", "drifted through")]
)
def test_each_kind_says_what_it_is(lab: Lab, kind: str, told: str) -> None:
    """The issue about a machine or about slow drift does not speak of a commit's regression."""
    lab.history([1.0] * 12 + [1.2] * 12)
    lab.work()
    Alert.objects.update(kind=kind)
    alerts_settled.send(Alert, project=lab.project, alerts=[Alert.objects.get()])

    assert told in Publication.objects.get().payload["body"]
