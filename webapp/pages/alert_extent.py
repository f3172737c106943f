"""Alerts annotated for lists: how many series changed, and by how much."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Exists, F, FloatField, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Abs, Coalesce

from webapp.alerts.models import ALERT_RELATIONS, Alert, StoredChangePoint

WORST_FIRST = ("-bad", F("worst").desc(), F("commit__committed_at").desc(nulls_last=True), "-id")
"""Alerts with regressions first, the largest first."""


def with_extent(alerts: QuerySet[Alert]) -> QuerySet[Any]:
    """Return alerts annotated with the number and range of their changes, and whether any is a regression."""
    regressions = StoredChangePoint.objects.filter(alert=OuterRef("pk"), regression=True)
    return alerts.select_related(*ALERT_RELATIONS).annotate(
        bad=Exists(regressions),
        moved=Count("change_points"),
        regressions=Count("change_points", filter=Q(change_points__regression=True)),
        improvements=Count("change_points", filter=Q(change_points__regression=False)),
        smallest=Min("change_points__effect"),
        largest=Max("change_points__effect"),
        worst=Coalesce(
            Max(Abs("change_points__effect"), filter=Q(change_points__regression=True)), 0.0, output_field=FloatField()
        ),
    )
