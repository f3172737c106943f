"""The steps of a self-test; tests/perfgate/commands/test_selftest.py runs all of them against the stand-in for GitHub."""

from __future__ import annotations

from perfgate.ci.selftest import Selftest, SelftestStep


def test_a_failed_step_is_reported_and_the_next_one_tried() -> None:
    """A server address without scheme fails both steps, each with what to write instead."""
    reported: list[SelftestStep] = []
    selftest = Selftest(reported.append)
    selftest.try_server("perf.example.org", "octocat/shop")

    assert selftest.steps == reported
    assert ["the server answers", "the server has a project for it"] == [step.name for step in reported]
    assert 2 == selftest.failures
    assert all("write it as https://host" in step.details for step in reported)
