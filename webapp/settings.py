"""Django settings. `webapp.environment` lists the environment variables that change them.

The defaults run the whole server on one machine with nothing else installed.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url

from webapp import environment


def _secret_key() -> str:
    """Return the key that the environment gives, else the one in the data folder, which the first call creates."""
    if key := environment.SECRET_KEY.read():
        return key
    file = DATA_DIR / "secret_key"
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as handle:
        handle.write(secrets.token_urlsafe(50))
    return file.read_text()


def _databases() -> dict[str, dict[str, Any]]:
    """Return the database that the environment names, else SQLite in the data folder."""
    database = environment.DATABASE_URL.read() or {
        **dj_database_url.parse(f"sqlite:///{DATA_DIR / 'perfgate.sqlite3'}", conn_max_age=60)
    }
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = {
            # A writer takes its lock at BEGIN: two ingests wait for each other and never fail half-way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-65536;",
        }
    return {"default": database}


def broker_options(url: str) -> dict[str, object]:
    """Return kombu's transport options for the broker at *url*."""
    if url.startswith("files:"):
        queue = DATA_DIR / "queue"
        folders = {"data_folder_in": queue, "data_folder_out": queue, "control_folder": queue / "control"}
        return {**{name: str(folder) for name, folder in folders.items()}, "polling_interval": 0.1}
    # An upload does not wait for a broker that is down: the next sweep enqueues again. Workers have their own retries.
    options: dict[str, object] = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
    return {**options, "socket_connect_timeout": 2} if url.startswith("redis") else options


environment.check_names()

DATA_DIR = environment.DATA_DIR.read()
DATA_DIR.mkdir(parents=True, exist_ok=True)

DEBUG = environment.DEBUG.read()
SECRET_KEY = _secret_key()
ALLOWED_HOSTS = environment.ALLOWED_HOSTS.read()
BASE_URL = environment.BASE_URL.read()

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "rest_framework",
    "webapp.history",
    "webapp.github",
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

DATABASES = _databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Files are served from the apps' own folders. Without STATIC_ROOT there is no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

# Pages can be read without an account; acting on alerts needs one.
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https:")
CSRF_COOKIE_HTTPONLY = True
# Behind a proxy that terminates TLS, a browser's Origin is https while the server sees http.
CSRF_TRUSTED_ORIGINS = [BASE_URL]

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

MAX_UPLOAD_BYTES = environment.MAX_UPLOAD.read()
# The upload view reads the body itself, bounded by MAX_UPLOAD_BYTES; nothing else takes large bodies.
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

GITHUB_APP_ID = environment.GITHUB_APP_ID.read()
GITHUB_APP_KEY = environment.GITHUB_APP_KEY.read()
GITHUB_SECRET = environment.GITHUB_SECRET.read()
OIDC_ISSUER = environment.OIDC_ISSUER.read()
# GitHub asks for at least one second between two writes.
GITHUB_SPACING_SECONDS = 1.0
GITHUB_TOKEN = environment.GITHUB_TOKEN.read()
GITHUB_LOGIN = environment.GITHUB_LOGIN.read()
GITHUB_API_URL = environment.GITHUB_API_URL.read()

CELERY_BROKER_URL = environment.BROKER_URL.read()
CELERY_BROKER_TRANSPORT_OPTIONS = broker_options(CELERY_BROKER_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "perfgate"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
# Tasks store what they did in the database; nothing reads Celery's results.
CELERY_TASK_IGNORE_RESULT = True
# Tasks may run twice, so a message is acknowledged only after its work is done.
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Threads in one process: SQLite has one writer anyway, and numpy releases the interpreter lock.
CELERY_WORKER_POOL = "threads"
CELERY_WORKER_CONCURRENCY = 2
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_TIMEZONE = "UTC"
