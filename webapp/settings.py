"""Django settings, all from the environment; the defaults run on one machine with nothing else installed.

PERFGATE_DATA_DIR        where the database, the queue and the secret key live   (~/.perfgate)
DATABASE_URL             postgres://user:password@host:port/name                 (SQLite in the data directory)
CELERY_BROKER_URL        redis://… or amqp://…                                   (files in the data directory)
PERFGATE_SECRET_KEY      signs cookies                                           (made once, kept in the data directory)
PERFGATE_ALLOWED_HOSTS   comma-separated host names                              (localhost,127.0.0.1,[::1])
PERFGATE_BASE_URL        the address that comments link to                       (http://127.0.0.1:8000)
PERFGATE_GITHUB_TOKEN    lets the bot write; empty: it writes nothing
PERFGATE_GITHUB_API_URL  GitHub Enterprise or a stand-in                         (https://api.github.com)
PERFGATE_MAX_UPLOAD      largest request body in bytes                           (67108864)
PERFGATE_DEBUG           1: Django's debug pages
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import dj_database_url


def _secret_key(data_directory: Path) -> str:
    """Return the key from the environment, else the one kept in the data directory, made at first use."""
    if key := os.environ.get("PERFGATE_SECRET_KEY"):
        return key
    file = data_directory / "secret_key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secrets.token_urlsafe(50))
    return file.read_text()


DATA_DIR = Path(os.environ.get("PERFGATE_DATA_DIR", Path.home() / ".perfgate")).absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get("PERFGATE_DEBUG") == "1"
SECRET_KEY = _secret_key(DATA_DIR)
ALLOWED_HOSTS = os.environ.get("PERFGATE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
BASE_URL = os.environ.get("PERFGATE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.staticfiles",
    "rest_framework",
    "webapp.history",
    "webapp.gating",
    "webapp.api",
    "webapp.pages",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{DATA_DIR / 'perfgate.sqlite3'}", conn_max_age=60)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock at BEGIN: two ingests wait for each other and never fail half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# The files are served from the apps themselves: no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

MAX_UPLOAD_BYTES = int(os.environ.get("PERFGATE_MAX_UPLOAD", str(64 * 1024 * 1024)))
# The upload view reads the body itself, bounded by MAX_UPLOAD_BYTES; nothing else takes large bodies.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

GITHUB_TOKEN = os.environ.get("PERFGATE_GITHUB_TOKEN", "")
GITHUB_API_URL = os.environ.get("PERFGATE_GITHUB_API_URL", "https://api.github.com").rstrip("/")

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "filesystem://")
