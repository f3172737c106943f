"""The server's settings: every environment variable with its type, its default and its meaning.

`webapp.settings` reads them, and the documentation's reference is generated from `SETTINGS`. A value that is not allowed
and a ``PERFGATE_*`` variable that nothing reads are errors, so that a typo does not silently become a default. An empty
value counts as not set. docs/decisions/0006-reading-settings.md says why no library does this.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

PREFIX = "PERFGATE_"

OTHER_VARIABLES = frozenset(
    {
        # The command line, which may run beside a server.
        "PERFGATE_CACHE_DIR",
        "PERFGATE_SERVER",
        "PERFGATE_TOKEN",
        # Set by the command line for the processes that it measures; these may import this server.
        "PERFGATE_CHANNEL",
        "PERFGATE_COLLECTED",
        "PERFGATE_ORIGINS",
        "PERFGATE_SELECT",
        "PERFGATE_TRACE",
        # Our own tests.
        "PERFGATE_TEST_DATABASE",
    }
)
"""Variables with our prefix that are no settings of the server, and no typo either."""


@dataclass(frozen=True)
class ValueType(Generic[T]):
    """How the text of a variable becomes a value."""

    parse: Callable[[str], T]
    """Takes text without surrounding spaces; raises ValueError for text that is not allowed."""
    allowed: str
    """What may be written, for error messages and the reference."""


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One environment variable that the server reads."""

    name: str
    type: ValueType[T]
    default: str
    """Used where the variable is not set; same syntax as the variable."""
    meaning: str
    default_meaning: str = ""
    """What an empty default leads to."""
    is_secret: bool = False
    """Whether error messages must not show the value."""

    def is_set(self, variables: Mapping[str, str] = os.environ) -> bool:
        """Return whether the variable has a value."""
        return bool(variables.get(self.name, "").strip())

    def read(self, variables: Mapping[str, str] = os.environ) -> T:
        """Return the variable's value, or the default where it is not set.

        Raises:
            ImproperlyConfigured: The value is not allowed; the message holds variable, value and what is allowed.
        """
        text = variables.get(self.name, "").strip() or self.default
        try:
            return self.type.parse(text)
        except ValueError as error:
            value = "its value (not shown, it may hold a password)" if self.is_secret else repr(text)
            raise ImproperlyConfigured(f"{self.name}: {value} is not valid, expected {self.type.allowed}") from error


def check_names(variables: Mapping[str, str] = os.environ) -> None:
    """Refuse variables with our prefix that nothing reads.

    Raises:
        ImproperlyConfigured: There are some; the message names them and the nearest setting of each.
    """
    known = {setting.name for setting in SETTINGS}
    unknown = sorted(name for name in set(variables) - known - OTHER_VARIABLES if name.startswith(PREFIX))
    if unknown:
        raise ImproperlyConfigured("; ".join(_unknown(name, known) for name in unknown))


def _unknown(name: str, known: set[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {similar[0]}?" if similar else "unset it; docs/reference/settings.md lists the settings."
    return f"{name} is set, but there is no such setting: {hint}"


def _boolean(text: str) -> bool:
    values = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    if text.lower() not in values:
        raise ValueError(text)
    return values[text.lower()]


def _size(text: str) -> int:
    """Return a number of bytes, more than 0."""
    match = re.fullmatch(r"(\d+)\s*(?:([KMG]?)(I?)B)?", text.upper(), re.ASCII)
    if match is None or int(match[1]) == 0:
        raise ValueError(text)
    number, prefix, is_binary = match.groups(default="")
    factor = (1024 if is_binary else 1000) ** " KMG".index(prefix or " ")
    return int(number) * int(factor)


def _list(text: str) -> list[str]:
    items = [item.strip() for item in text.split(",")]
    return [item for item in items if item]


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(text)
    return text.rstrip("/")


def _broker_address(text: str) -> str:
    if not re.match(r"[a-z][a-z0-9+.-]*://", text):
        raise ValueError(text)
    return text


def _database(text: str) -> dict[str, Any]:
    return {**dj_database_url.parse(text, conn_max_age=60)} if text else {}


TEXT = ValueType(str, "text")
BOOLEAN = ValueType(_boolean, "1, true, yes, on, 0, false, no or off")
SIZE = ValueType(_size, "a number of bytes above 0, such as 67108864, 64MB or 64MiB (units: KB, MB, GB, KiB, MiB, GiB)")
LIST = ValueType(_list, "a list separated by commas")
FOLDER = ValueType(lambda text: Path(text).expanduser().absolute(), "a folder")
WEB_ADDRESS = ValueType(_web_address, "an address that begins with http:// or https://")
BROKER_ADDRESS = ValueType(_broker_address, "an address such as redis://host:6379/0 or amqp://user:password@host//")
DATABASE = ValueType(_database, "an address such as postgres://user:password@host:5432/name")

DATA_DIR = Setting("PERFGATE_DATA_DIR", FOLDER, "~/.perfgate", "folder of the database, the queue and the secret key")
DATABASE_URL = Setting(
    "DATABASE_URL",
    DATABASE,
    "",
    "the database: `postgres://user:password@host:port/name`",
    default_meaning="SQLite in the data folder",
    is_secret=True,
)
BROKER_URL = Setting(
    "CELERY_BROKER_URL",
    BROKER_ADDRESS,
    "files://localhost",
    "the task queue: `redis://…` or `amqp://…`; `files://localhost` is a folder in the data folder",
    is_secret=True,
)
SECRET_KEY = Setting(
    "PERFGATE_SECRET_KEY",
    TEXT,
    "",
    "signs cookies",
    default_meaning="a random one, made at the first start and kept in the data folder",
    is_secret=True,
)
ALLOWED_HOSTS = Setting(
    "PERFGATE_ALLOWED_HOSTS", LIST, "localhost,127.0.0.1,[::1]", "host names that the server answers to"
)
BASE_URL = Setting(
    "PERFGATE_BASE_URL",
    WEB_ADDRESS,
    "http://127.0.0.1:8000",
    "public address of the server, which comments and issues link to",
)
GITHUB_APP_ID = Setting(
    "PERFGATE_GITHUB_APP_ID",
    TEXT,
    "",
    "id of the GitHub App that the server writes as",
    default_meaning="`PERFGATE_GITHUB_TOKEN` is used instead",
)
GITHUB_APP_KEY = Setting(
    "PERFGATE_GITHUB_APP_KEY",
    TEXT,
    "",
    "private key of the GitHub App: path of the `.pem` file, or its text",
    default_meaning="none",
    is_secret=True,
)
GITHUB_SECRET = Setting(
    "PERFGATE_GITHUB_SECRET",
    TEXT,
    "",
    "secret that GitHub signs webhooks with",
    default_meaning="webhooks are refused",
    is_secret=True,
)
OIDC_ISSUER = Setting(
    "PERFGATE_OIDC_ISSUER",
    WEB_ADDRESS,
    "https://token.actions.githubusercontent.com",
    "issuer of the identity tokens that workflows upload with; GitHub Enterprise Server: `https://HOST/_services/token`",
)
GITHUB_TOKEN = Setting(
    "PERFGATE_GITHUB_TOKEN",
    TEXT,
    "",
    "token that the server writes with, if there is no GitHub App",
    default_meaning="nothing is published",
    is_secret=True,
)
GITHUB_LOGIN = Setting(
    "PERFGATE_GITHUB_LOGIN",
    TEXT,
    "",
    "the token's account, `slug[bot]` or `github-actions[bot]`, where the token may not ask for it",
    default_meaning="GitHub is asked",
)
GITHUB_API_URL = Setting(
    "PERFGATE_GITHUB_API_URL",
    WEB_ADDRESS,
    "https://api.github.com",
    "address of GitHub's API; GitHub Enterprise Server: `https://HOST/api/v3`",
)
MAX_UPLOAD = Setting("PERFGATE_MAX_UPLOAD", SIZE, "64MiB", "largest request body")
DEBUG = Setting("PERFGATE_DEBUG", BOOLEAN, "false", "show Django's debug pages; never on a public server")

SETTINGS: tuple[Setting[Any], ...] = (
    DATA_DIR,
    DATABASE_URL,
    BROKER_URL,
    SECRET_KEY,
    ALLOWED_HOSTS,
    BASE_URL,
    GITHUB_APP_ID,
    GITHUB_APP_KEY,
    GITHUB_SECRET,
    OIDC_ISSUER,
    GITHUB_TOKEN,
    GITHUB_LOGIN,
    GITHUB_API_URL,
    MAX_UPLOAD,
    DEBUG,
)
"""All settings, in the order of the reference."""
