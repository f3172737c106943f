"""The two doors: ``/api/v1/`` for machines, everything else for people."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("webapp.api.urls")),
    path("", include("webapp.pages.urls")),
]
