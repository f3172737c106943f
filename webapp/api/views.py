"""Public read-only views: projects, series, runs, health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from perfgate import __version__
from webapp.api import errors, serializers
from webapp.history.models import Project, Run, Series


class View(APIView):
    """Base view: all errors have one form."""

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        """Return the exception handler."""
        return errors.handle


class ApiPagination(PageNumberPagination):
    """``?page=2&size=500``."""

    page_size = 100
    page_size_query_param = "size"
    max_page_size = 1_000


class Health(View):
    """Health check of the server and its database."""

    def get(self, _request: Request) -> Response:
        """Run a trivial query and return the version."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return Response({"status": "ok", "version": __version__})


class Projects(View):
    """Lists the projects."""

    def get(self, request: Request) -> Response:
        """Return one page of projects, by name."""
        return paged(request, self, Project.objects.order_by("slug"), serializers.ProjectSerializer)


class ProjectSeries(View):
    """Lists the series of a project."""

    def get(self, request: Request, slug: str) -> Response:
        """Return one page of series; ``benchmark`` matches a part of the label, the other filters match exactly."""
        project = get_object_or_404(Project, slug=slug)
        asked = serializers.SeriesFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        chosen = Series.objects.filter(environment__project=project, **asked.lookups())
        ordered = chosen.select_related("benchmark", "environment").order_by("benchmark__label", "id")
        return paged(request, self, ordered, serializers.SeriesSerializer)


class RunDetail(View):
    """Shows one run."""

    def get(self, _request: Request, number: int) -> Response:
        """Return one run."""
        rows = Run.objects.select_related("project", "environment", "state", "commit", "baseline_commit")
        return Response(serializers.RunSerializer(get_object_or_404(rows, pk=number)).data)


def paged(request: Request, view: View, rows: QuerySet[Any], serializer: type[Any]) -> Response:
    """Return the requested page of *rows*."""
    pagination = ApiPagination()
    return pagination.get_paginated_response(
        serializer(pagination.paginate_queryset(rows, request, view), many=True).data
    )
