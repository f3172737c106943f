"""Registers the app."""

from django.apps import AppConfig


class GitHubConfig(AppConfig):
    """The server's account on GitHub."""

    name = "webapp.github"
    label = "github"
