"""Who may give commands in a repository: people who may write to it."""

from __future__ import annotations

from perfgate.errors import NotFound
from perfgate.github import Repository

MAY_COMMAND = frozenset({"admin", "write"})
"""Roles that may give commands. GitHub reports maintainers as *write* too."""


def role_of(repository: Repository, login: str) -> str:
    """Return somebody's role in a repository, ``none`` for nobody known."""
    try:
        return repository.permission(login)
    except NotFound:
        return "none"
