"""Tests of `webapp.pages.series.history`."""

from __future__ import annotations

from django.test import Client

from tests.webapp.pages.stored import Shop, history_run, store, value


def test_environment_changes_are_named(client: Client, shop: Shop) -> None:
    """The page lists what changed in the environment, and the chart has a labeled line."""
    text = client.get(f"/series/{shop.series.pk}/").content.decode()

    assert "python: <bdi>3.12</bdi> → <bdi>3.13</bdi>" in text
    assert ">python</text>" in text


def test_a_new_version_of_the_benchmark_is_named(client: Client, shop: Shop) -> None:
    """A changed benchmark begins a segment with that reason."""
    sample = value("bench.parse", 0.0138)
    changed = type(sample)(
        benchmark=type(sample.benchmark)(name="bench.parse", version="2"), metric=sample.metric, value=1.0
    )
    store(shop.project, history_run(20, [changed], "3.13"))

    assert "benchmark: <bdi>unknown</bdi> → <bdi>2</bdi>" in client.get(f"/series/{shop.series.pk}/").content.decode()
