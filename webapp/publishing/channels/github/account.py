"""As whom the server speaks to GitHub: a GitHub App, else the account behind a token, else nobody.

A token that is no App's may comment and file issues; check runs it may not write, and statuses stand in for them.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from perfgate.errors import InvalidInput, NotFound, PermissionDenied, Rejected, Unavailable
from perfgate.github import App, Repository
from webapp.history.models import Project
from webapp.publishing.channels.github import pacing


def is_there() -> bool:
    """Return whether anybody is configured."""
    return bool(settings.GITHUB_APP_ID or settings.GITHUB_TOKEN)


def is_app() -> bool:
    """Return whether it is an App, or a token that is one's: only these write check runs."""
    return bool(settings.GITHUB_APP_ID) or settings.GITHUB_LOGIN.endswith("[bot]")


def repository(project: Project) -> Repository:
    """Return the project's repository, as the bot sees it.

    Raises:
        Unavailable: What is configured cannot be used, the App is not installed there or lacks a permission, or GitHub
            gave it no token: all of this somebody can put right, and trying again then helps.
        RateLimited: GitHub wants us to wait.
    """
    try:
        if settings.GITHUB_APP_ID:
            app = _app(settings.GITHUB_APP_ID, settings.GITHUB_APP_KEY, settings.GITHUB_API_URL)
            token, author, account = app.token(project.repository), app.login, f"app {settings.GITHUB_APP_ID}"
        else:
            token, author = settings.GITHUB_TOKEN, settings.GITHUB_LOGIN
            account = f"token {hashlib.sha256(token.encode()).hexdigest()[:16]}"
        return Repository(
            project.repository,
            token,
            api_url=settings.GITHUB_API_URL,
            author=author,
            before_write=lambda: pacing.wait_for_turn(account),
        )
    except (InvalidInput, NotFound, PermissionDenied, Rejected) as error:
        raise Unavailable(str(error)) from error


def renew(project: Project) -> bool:
    """Have the App's next token for a repository made anew, for GitHub refused this one; return whether that can help."""
    if settings.GITHUB_APP_ID:
        _app(settings.GITHUB_APP_ID, settings.GITHUB_APP_KEY, settings.GITHUB_API_URL).forget(project.repository)
    return bool(settings.GITHUB_APP_ID)


@lru_cache(maxsize=4)
def _app(app_id: str, key: str, api_url: str) -> App:
    """Return the App; one for each configuration, so that its tokens are kept from task to task."""
    text = key
    if "-----BEGIN" not in key:
        try:
            text = Path(key).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the private key of the GitHub App cannot be read from {key[:200]!r}: {error}"
            ) from error
    return App(app_id, text.replace("\\n", "\n"), api_url=api_url)
