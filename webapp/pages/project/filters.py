"""The filter form above a project's table of series."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet
from django.http import QueryDict

from webapp.alerts.models import OPEN, StoredChangePoint
from webapp.history.models import Environment, Project, Series

MAX_WORDS = 8
MAX_SEARCH_CHARACTERS = 200


@dataclass(frozen=True)
class Filters:
    """The chosen filters."""

    text: str
    environment: int | None
    """Environment id; None: all."""
    branch: str
    """Empty: all."""
    moved: bool
    """Only series that an open alert names."""


def read(query: QueryDict, project: Project, environments: list[Environment], branches: list[str]) -> Filters:
    """Return the filters in a query string; values that the form does not offer are ignored."""
    chosen = query.get("environment", "")
    environment = next((environment.pk for environment in environments if str(environment.pk) == chosen), None)
    # Without the parameter, the default branch; with an empty one, all branches.
    branch = query.get("branch", project.default_branch)
    return Filters(
        text=query.get("q", "").replace("\0", "")[:MAX_SEARCH_CHARACTERS].strip(),
        environment=environment,
        branch=branch if branch in branches else "",
        moved=query.get("moved") == "1",
    )


def select(project: Project, filters: Filters) -> QuerySet[Series]:
    """Return the series of *project* that match, in the order of the table."""
    chosen = Series.objects.filter(environment__project=project)
    if filters.environment is not None:
        chosen = chosen.filter(environment=filters.environment)
    if filters.branch:
        chosen = chosen.filter(branch=filters.branch)
    for word in filters.text.split()[:MAX_WORDS]:
        chosen = chosen.filter(benchmark__label__icontains=word)
    if filters.moved:
        chosen = chosen.filter(Exists(StoredChangePoint.objects.filter(series=OuterRef("pk"), alert__state__in=OPEN)))
    return chosen.select_related("benchmark", "environment").order_by(
        "benchmark__label", "benchmark", "metric", "environment__name", "branch", "id"
    )
