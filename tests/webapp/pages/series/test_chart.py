"""Tests of `webapp.pages.series.chart`."""

from __future__ import annotations

from django.test import Client

from tests.webapp.pages.stored import STEP_AT, Shop, history_run, store, value


def test_chart_data_is_in_commit_order(client: Client, shop: Shop) -> None:
    """The chart data has columns of equal length in commit order, whatever order the runs arrived in."""
    late = history_run(2, [value("bench.parse", 0.5)])
    early = type(late)(suite="x", tool="late", commit=late.commit, environment=late.environment, samples=late.samples)
    store(shop.project, early)

    data = client.get(f"/series/{shop.series.pk}/chart.json").json()

    assert {len(data[name]) for name in ("values", "texts", "levels", "runs", "commits", "subjects", "days")} == {15}
    assert data["values"][2] == 0.5
    assert data["texts"][2] == "500 ms"
    assert data["axis"] == {"factor": 0.001, "unit": "ms"}
    assert data["marks"] == [{"index": STEP_AT + 1, "effect": "+12.2 %", "regression": True}]
    assert [start["label"] for start in data["boundaries"]] == ["python"]
    assert data["days"][0] == "2026-10-02 00:00 UTC"
