"""Tests of `webapp.pages.verdict.views`."""

from __future__ import annotations

from django.test import Client

from perfgate import formatting
from tests.webapp.pages.stored import Shop
from webapp.verdicts.models import StoredVerdict


def test_the_verdict_is_rendered_from_its_document(client: Client, shop: Shop) -> None:
    """The page has outcome, headline, rows with effect, interval, budget and levels, and what was not judged."""
    document = StoredVerdict.objects.get(pk=shop.judged_run).document
    row = next(row for row in document["rows"] if row["label"] == "bench.parse")

    text = client.get(f"/runs/{shop.judged_run}/verdict/").content.decode()

    assert "outcome-fail" in text
    assert "1 benchmark beyond the budget · 1 within budget" in text
    assert formatting.percent(row["effect"]) in text
    assert formatting.interval(row["low"], row["high"]) in text
    assert ">2 %<" in text
    assert "slower" in text
    assert "bench.<wbr>new" in text
    assert "new in head" in text
    assert "perfgate.toml" in text


def test_failures_come_first(client: Client, shop: Shop) -> None:
    """Rows that failed come before those that passed."""
    text = client.get(f"/runs/{shop.judged_run}/verdict/").content.decode()

    assert text.index("bench.<wbr>parse") < text.index("bench.<wbr>lex")


def test_exempt_rows_are_marked(client: Client, shop: Shop) -> None:
    """An exempt row is not gated, a change found in it is a false alarm, and the measured rate is shown."""
    verdict = StoredVerdict.objects.get(pk=shop.judged_run)
    row = next(row for row in verdict.document["rows"] if row["label"] == "bench.parse")
    row |= {"exempt": True, "outcome": "pass"}
    verdict.document |= {"exempt": ["bench.parse"], "assumptions": ["Files tell <all>."]}
    verdict.exempt_judged, verdict.exempt_regressed = 240, 1
    verdict.save()

    text = client.get(f"/runs/{shop.judged_run}/verdict/").content.decode()

    assert "not gated" in text
    assert "FALSE ALARM: bench.parse was called regressed" in text
    assert "Files tell &lt;all&gt;." in text
    assert "1 of 240 benchmarks that their pull request could not reach was called regressed: below 2 %" in text


def test_waived_rows_name_the_waiver(client: Client, shop: Shop) -> None:
    """A waived row names owner, ceiling and last day; untrusted text is escaped."""
    verdict = StoredVerdict.objects.get(pk=shop.judged_run)
    row = next(row for row in verdict.document["rows"] if row["label"] == "bench.parse")
    row["outcome"] = verdict.document["outcome"] = verdict.outcome = "waived"
    row["label"] = "<script>alert(1)</script>\u202eexe.\u0007" + "x" * 1900
    row["findings"][0]["waiver"] = {
        "benchmarks": "*",
        "metric": "*",
        "max_regression": 0.2,
        "until": "2027-01-31",
        "owner": "release managers",
        "reason": "exact decimals",
        "line": 4,
    }
    verdict.save()

    text = client.get(f"/runs/{shop.judged_run}/verdict/").content.decode()

    assert "Waived by release managers up to 20 % until" in text
    assert 'datetime="2027-01-31"' in text
    assert "<script>alert" not in text
    assert "\u202e" not in text
    assert "\a" not in text
    assert "outcome-waived" in text
