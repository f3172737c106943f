"""Count what is stored of a project."""

from __future__ import annotations

import msgspec
from django.db.models import Sum

from webapp.history.models import Benchmark, Commit, EnvironmentState, Project, Run, Series


class ProjectCounts(msgspec.Struct, frozen=True):
    """Counts of the runs that are not superseded, and of what they refer to."""

    runs: int
    values: int
    failed: int
    skipped: int
    benchmarks: int
    """Benchmark names."""
    combinations: int
    """Benchmarks by name and parameters."""
    series: int
    commits: int
    environments: int
    machines: int


def count_stored(project: Project) -> ProjectCounts:
    """Return the counts of *project*."""
    runs = Run.objects.filter(project=project, superseded_by=None)
    sums = runs.aggregate(values=Sum("measured"), failed=Sum("failed"), skipped=Sum("skipped"))
    benchmarks = Benchmark.objects.filter(project=project)
    states = EnvironmentState.objects.filter(environment__project=project).values_list("fields", flat=True)
    return ProjectCounts(
        runs=runs.count(),
        **{name: count or 0 for name, count in sums.items()},
        benchmarks=benchmarks.values("name").distinct().count(),
        combinations=benchmarks.count(),
        series=Series.objects.filter(environment__project=project).count(),
        commits=Commit.objects.filter(runs__in=runs).distinct().count(),
        environments=project.environments.count(),
        machines=len({fields.get("machine", "") for fields in states} - {""}),
    )
