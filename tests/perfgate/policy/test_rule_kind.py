"""Tests of rule_kind.py, perfgate/policy/rules/__init__.py, findings.py and references.py: a new kind of rule is one new file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.test import Client

from perfgate import gate
from perfgate.commands.verdict_output import show_text
from perfgate.errors import InvalidPolicy
from perfgate.policy import References, language, rules
from perfgate.policy.references import ReferenceLevel
from perfgate.report.json_document import json_text
from perfgate.report.markdown import markdown
from perfgate.results import result_file
from perfgate.results.records import CPU_TIME, Benchmark, Commit, Environment, Policy, Run, Sample, level
from webapp.history import ingest
from webapp.history.models import Project
from webapp.history.models import Run as StoredRun
from webapp.verdicts import judgments

TODAY = date(2026, 11, 21)
KEY = "max_since_release"
RULE_FILE = '''
"""``max_since_release = "10%"``: the largest growth since the last release."""

from perfgate.formatting import share
from perfgate.policy.findings import Finding, Outcome
from perfgate.policy.quantities import fraction
from perfgate.policy.rule_kind import RuleKind


class MaxSinceRelease(RuleKind):
    """The level of head is compared with that of the last release."""

    key = "max_since_release"

    def read(self, given):
        return fraction(given), ""

    def judge(self, limit, observation, context):
        released = context.references.released.get((observation.label, observation.metric))
        growth = None if released is None else observation.candidate / released.value - 1
        outcome = Outcome.INCONCLUSIVE if growth is None else Outcome.FAIL if growth > limit.value else Outcome.PASS
        reason = "no release was measured" if growth is None else f"{share(growth)} slower than {released.source}"
        return Finding(rule=self.key, limit=limit, observed=growth, outcome=outcome, reason=reason)

    def describe(self, finding):
        return f"{share(finding.limit.value)} since the last release"


KIND = MaxSinceRelease()
'''
POLICY = f'[[budget]]\nmax_regression = "5%"\n{KEY} = "10%"\n'
RELEASED = ReferenceLevel(value=0.0008, low=0.00079, high=0.00081, source="v1.2")


@pytest.fixture
def toy_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add one file to the rule kinds."""
    (tmp_path / "max_since_release.py").write_text(RULE_FILE, encoding="utf-8")
    monkeypatch.setattr(rules, "__path__", [*rules.__path__, str(tmp_path)])
    yield
    sys.modules.pop(f"{rules.__name__}.max_since_release", None)


def run() -> Run:
    rounds = ((0.001,) * 5,) * 20
    sample = Sample(benchmark=Benchmark(name="parse"), metric=CPU_TIME, value=level(rounds), rounds=rounds)
    base = Run(suite="s", tool="t", commit=Commit(sha="b" * 40), environment=Environment(name="e"), samples=(sample,))
    return Run(
        suite="s",
        tool="t",
        commit=Commit(sha="a" * 40),
        environment=Environment(name="e"),
        samples=(sample,),
        baseline=base,
        policy=Policy(text=POLICY),
        pull_request=7,
    )


@pytest.mark.usefixtures("toy_rule")
def test_a_new_kind_is_judged_and_shown_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """The finding of a new kind decides the verdict, and is in comment, JSON and terminal output."""
    references = References(released={("parse", "cpu_time"): RELEASED})
    verdict = gate.judge(run(), today=TODAY, references=references)
    (row,) = verdict.rows
    show_text(verdict, None, None)

    assert gate.Outcome.FAIL == verdict.outcome
    assert ["max_regression", KEY] == [finding.rule for finding in row.findings]
    assert "25 % slower than v1.2" == row.reason
    assert "10\u00a0%\u00a0since\u00a0the\u00a0last\u00a0release" in markdown(verdict)
    assert KEY == json.loads(json_text(verdict))["rows"][0]["findings"][1]["rule"]
    assert "25 % slower than v1.2" in capsys.readouterr().out
    assert verdict == gate.from_document(json.loads(json_text(verdict)))


@pytest.mark.usefixtures("toy_rule")
@pytest.mark.django_db
def test_a_new_kind_is_shown_on_the_page(client: Client) -> None:
    """The server judges with it, and the page of the verdict shows limit and reason."""
    project = Project.objects.create(slug="p")
    stored = ingest.store(project, run(), result_file.write(run()), name="r.json")
    judgments.judge_run(StoredRun.objects.get(pk=stored.run_id))
    page = client.get(f"/runs/{stored.run_id}/verdict/").content.decode()

    assert "10 % since the last release" in page
    assert "no release was measured" in page


def test_without_the_file_its_key_is_unknown() -> None:
    """A key that no kind has is an error of the policy."""
    with pytest.raises(InvalidPolicy, match=KEY):
        language.read(Policy(text=POLICY))


def test_every_kind_has_a_key_of_its_own() -> None:
    """No two kinds read the same key, and each is found by it."""
    kinds = rules.all_kinds()

    assert len(kinds) == len({kind.key for kind in kinds})
    assert all(kind is rules.find_kind(kind.key) for kind in kinds)
    assert None is rules.find_kind("unknown")
