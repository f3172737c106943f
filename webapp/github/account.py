"""Connect to GitHub with the configured account: a GitHub App, or a token.

The token of a person may comment and file issues, but cannot write check runs; commit statuses replace them.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from perfgate.errors import InvalidInput, NotFound, PermissionDenied, Rejected, Unavailable
from perfgate.github import App, Repository
from webapp.github import rate_limit
from webapp.history.models import Project


def is_configured() -> bool:
    """Return whether the server has an account on GitHub."""
    return bool(settings.GITHUB_APP_ID or settings.GITHUB_TOKEN)


def can_reach(project: Project) -> bool:
    """Return whether the server has an account and *project* a repository on GitHub."""
    return bool(project.repository) and is_configured()


def writes_check_runs() -> bool:
    """Return whether the account is an App, or the token is one's: only Apps can write check runs."""
    return bool(settings.GITHUB_APP_ID) or settings.GITHUB_LOGIN.endswith("[bot]")


def connect(project: Project) -> Repository:
    """Return the project's repository, opened with the server's account.

    Raises:
        Unavailable: The configuration cannot be used, the App is not installed there or lacks a permission, or GitHub
            issued no token. An administrator can correct each of these, so a retry can help.
        RateLimited: GitHub asks the server to wait.
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
            before_write=lambda: rate_limit.wait_for_turn(account),
        )
    except (InvalidInput, NotFound, PermissionDenied, Rejected) as error:
        raise Unavailable(str(error)) from error


def renew_token(project: Project) -> bool:
    """Discard the App's token for a repository after GitHub refused it; return whether a new one can help."""
    if settings.GITHUB_APP_ID:
        _app(settings.GITHUB_APP_ID, settings.GITHUB_APP_KEY, settings.GITHUB_API_URL).forget(project.repository)
    return bool(settings.GITHUB_APP_ID)


@lru_cache(maxsize=4)
def _app(app_id: str, key: str, api_url: str) -> App:
    """Return the App; one object per configuration, so that its tokens are reused from task to task."""
    text = key
    if "-----BEGIN" not in key:
        try:
            text = Path(key).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise InvalidInput(
                f"the private key of the GitHub App cannot be read from {key[:200]!r}: {error}"
            ) from error
    return App(app_id, text.replace("\\n", "\n"), api_url=api_url)
