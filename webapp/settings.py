"""Django settings, all from the environment; the defaults run on one machine with nothing else installed.

PERFGATE_DATA_DIR        where the database, the queue and the secret key live   (~/.perfgate)
DATABASE_URL             postgres://user:password@host:port/name                 (SQLite in the data directory)
CELERY_BROKER_URL        redis://… or amqp://…                                   (files in the data directory)
PERFGATE_SECRET_KEY      signs cookies                                           (made once, kept in the data directory)
PERFGATE_ALLOWED_HOSTS   comma-separated host names                              (localhost,127.0.0.1,[::1])
PERFGATE_BASE_URL        the address that comments link to                       (http://127.0.0.1:8000)
PERFGATE_GITHUB_APP_ID   the GitHub App that the bot is                          (none: the token below, or nobody)
PERFGATE_GITHUB_APP_KEY  its private key: the .pem file's path, or its text
PERFGATE_GITHUB_SECRET   what GitHub signs webhooks with; empty: they are refused
PERFGATE_GITHUB_TOKEN    lets the bot write without an App; empty: it writes nothing
PERFGATE_GITHUB_LOGIN    whom the bot writes as; an App: its-slug[bot]            (asked from GitHub, for personal tokens)
PERFGATE_OIDC_ISSUER     who vouches for workflows that upload                   (https://token.actions.githubusercontent.com)
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


def broker_options(url: str) -> dict[str, object]:
    """Return what the queue at *url* needs to know besides its address."""
    if url.startswith("files:"):
        queue = DATA_DIR / "queue"
        folders = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": queue / "control"}
        return {**{name: str(folder) for name, folder in folders.items()}, "polling_interval": 0.1}
    # An upload does not wait for a broker that is down: the sweep rings later. Workers wait by rules of their own.
    options: dict[str, object] = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
    return {**options, "socket_connect_timeout": 2} if url.startswith("redis") else options


DATA_DIR = Path(os.environ.get("PERFGATE_DATA_DIR", Path.home() / ".perfgate")).absolute()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = os.environ.get("PERFGATE_DEBUG") == "1"
SECRET_KEY = _secret_key(DATA_DIR)
ALLOWED_HOSTS = os.environ.get("PERFGATE_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
BASE_URL = os.environ.get("PERFGATE_BASE_URL", "http://127.0.0.1:8000").rstrip("/")

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "webapp.history",
    "webapp.verdicts",
    "webapp.alerts",
    "webapp.measurements",
    "webapp.publishing",
    "webapp.inbox",
    "webapp.worker",
    "webapp.api",
    "webapp.pages",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "webapp.pages.middleware.ContentSecurityPolicy",
]
ROOT_URLCONF = "webapp.urls"
WSGI_APPLICATION = "webapp.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # A page's templates lie beside its views.
        "DIRS": [Path(__file__).parent / "pages"],
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
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# The files are served from the apps themselves, there is no STATIC_ROOT: no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

# Reading needs nobody's name; who acts on alerts logs in.
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https:")
CSRF_COOKIE_HTTPONLY = True
# Behind a proxy that ends TLS, a browser's Origin says https and the server sees http.
CSRF_TRUSTED_ORIGINS = [BASE_URL]

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

GITHUB_APP_ID = os.environ.get("PERFGATE_GITHUB_APP_ID", "")
GITHUB_APP_KEY = os.environ.get("PERFGATE_GITHUB_APP_KEY", "")
GITHUB_SECRET = os.environ.get("PERFGATE_GITHUB_SECRET", "")
OIDC_ISSUER = os.environ.get("PERFGATE_OIDC_ISSUER", "https://token.actions.githubusercontent.com").rstrip("/")
# GitHub asks for at least this between two writes.
GITHUB_SPACING_SECONDS = 1.0
GITHUB_TOKEN = os.environ.get("PERFGATE_GITHUB_TOKEN", "")
GITHUB_LOGIN = os.environ.get("PERFGATE_GITHUB_LOGIN", "")
GITHUB_API_URL = os.environ.get("PERFGATE_GITHUB_API_URL", "https://api.github.com").rstrip("/")

CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL", "files://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "perfgate"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
# What a task did stands in the database: nobody reads results.
CELERY_TASK_IGNORE_RESULT = True
# Tasks may run twice, so a message is only gone when its work is done.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Threads share one process: SQLite has one writer anyway, and numpy lets go of the interpreter lock.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TIMEZONE = "UTC"
