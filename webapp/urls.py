"""The root URL configuration: ``/api/v1/``, ``/metrics`` and ``/github/webhook`` for programs, pages for people."""

from django.urls import URLPattern, URLResolver, include, path

from webapp.api.metrics import metrics
from webapp.api.webhooks import webhook

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("webapp.api.urls")),
    path("metrics", metrics),
    path("github/webhook", webhook),
    path("", include("webapp.pages.urls")),
]
