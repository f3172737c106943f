"""The two doors: ``/api/v1/`` for machines, everything else for people."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
