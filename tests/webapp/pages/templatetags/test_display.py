"""Tests of `webapp.pages.templatetags.display`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pytest_django import Settings

from webapp.history.models import Commit, Project
from webapp.pages.templatetags import display


@pytest.mark.parametrize("hidden", ["\0", "\x1b", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff"])
def test_hidden_characters_are_replaced(hidden: str) -> None:
    """Control, zero-width and bidirectional characters in a name are replaced by a symbol."""
    assert display.visible(f"a{hidden}b") == "a�b"


def test_long_names_break_after_punctuation_and_are_escaped() -> None:
    """A name may break after dots and underscores, not within a version, and is escaped."""
    assert display.breakable("a.b_c<i>/3.10") == "a.<wbr>b_<wbr>c&lt;i&gt;/3.10"


def test_times_are_in_utc() -> None:
    """A time in another zone is shown in UTC; an unknown one is a dash."""
    when = datetime(2026, 11, 21, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert 'datetime="2026-11-20T23:30:00+00:00"' in display.moment(when)
    assert "2026-11-20\N{NO-BREAK SPACE}23:30 UTC" in display.moment(when)
    assert display.moment(None) == "–"
    assert display.moment(datetime(2026, 1, 1, tzinfo=UTC)) != "–"


def test_a_change_is_shown_by_more_than_color() -> None:
    """A regression and an improvement differ by a symbol and a word too."""
    assert "▲" in display.change(0.1, True)
    assert "regression" in display.change(0.1, True)
    assert "▼" in display.change(-0.1, False)
    assert "improvement" in display.change(-0.1, False)
    assert display.change(None) == "–"


@pytest.mark.parametrize(
    ("api", "link"),
    [
        ("https://api.github.com", "https://github.com/acme/shop/commit/abc"),
        ("https://git.acme.example/api/v3", "https://git.acme.example/acme/shop/commit/abc"),
        ("http://127.0.0.1:9000", ""),
    ],
)
def test_commits_link_to_github(settings: Settings, api: str, link: str) -> None:
    """A commit is linked on GitHub or GitHub Enterprise, and is plain text if the web address is unknown."""
    settings.GITHUB_API_URL = api
    text = display.commit(Project(slug="shop", repository="acme/shop"), Commit(sha="abc"))

    assert (f'href="{link}"' in text) if link else ("href" not in text)


def test_a_repository_cannot_break_out_of_its_link(settings: Settings) -> None:
    """The repository's name is quoted in URLs."""
    settings.GITHUB_API_URL = "https://api.github.com"

    assert "<script" not in display.commit(Project(repository='a/"><script>'), Commit(sha="abc"))
