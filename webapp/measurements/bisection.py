"""Which commit of a range did it, an alert's or a pull request's, found by asking GitHub to measure one commit after the other beside its base.

`perfgate bisect` does the same in one go, in a clone. Here a search is a `Bisection` row, the requests are `Publication`
rows, and the answers are runs, whoever uploaded them: where a search stands follows from these alone, so that workers
may ask as often as they like. What is measured next is what tells most (`perfgate.stats.bisection`).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median

import msgspec
from django.utils import timezone

from perfgate.errors import InvalidInput
from perfgate.formatting import chance, interval, percent
from perfgate.github import CommitRange, RangeCommit
from perfgate.stats.bisection import CommitMeasurement, Explanation, Posterior
from perfgate.stats.search import SPARE_VISITS
from webapp.alerts import remeasurement, states
from webapp.alerts.models import ALERT_RELATIONS, Alert, AlertKind, Event, StoredChangePoint
from webapp.github import account
from webapp.history.locks import project_lock
from webapp.history.models import Run
from webapp.measurements.models import Bisection, Range
from webapp.measurements.signals import bisection_started
from webapp.publishing.models import Publication
from webapp.verdicts import judgments

ANSWER_HOURS = 24
"""After this without an answer, a measurement counts as lost, and its commit as one that cannot be measured."""

MOST_LOOKS = 3
"""How often one commit is measured."""

FIRST_ERROR = 0.007
"""Standard error that a measurement is expected to have before one was seen: that of the gate at its default budget."""

NAMED = 3
"""Suspects that are named where none is proved."""

_NORMAL = 1.96
_LOWEST = -0.999_999
"""Effect below which a logarithm would be none."""
_RECENT = 20
"""Measurements from which the usual time to an answer is read."""


@dataclass(frozen=True)
class Look:
    """One measurement of one commit beside the base."""

    position: int
    """1: the first commit after the base."""
    sha: str
    run: int
    """`Run` id."""
    effect: float
    low: float
    high: float
    """Commit ÷ base − 1, with its 95 % interval."""


@dataclass(frozen=True)
class Forecast:
    """What a search is going to cost."""

    commits: int
    expected: int
    """Measurements that halving takes."""
    most: int
    """Measurements after which it stops in any case."""
    minutes: float | None = None
    """From asking for a measurement to its answer, as lately seen in this project; None: never seen."""


@dataclass(frozen=True)
class Search:
    """Where a search stands."""

    row: Bisection
    line: Sequence[RangeCommit]
    """The suspects, oldest first."""
    looks: Sequence[Look] = ()
    """In the order of the line."""
    asked: Sequence[Publication] = ()
    """In order."""
    unmeasurable: Sequence[int] = ()
    """Positions that were asked for and brought nothing."""
    is_waiting: bool = False
    """The last measurement that was asked for may still be answered."""
    refusal: str = ""
    """Why GitHub does not start the workflow, in its own words."""

    @cached_property
    def posterior(self) -> Posterior:
        """Return what all that was measured says of the commits; the history's word on the last of them counts, too."""
        ends = _measurement(len(self.line), self.row.low, self.row.high)
        return Posterior(len(self.line), [ends, *self._measurements])

    @cached_property
    def _measurements(self) -> list[CommitMeasurement]:
        return [_measurement(each.position, each.low, each.high) for each in self.looks]

    @property
    def most(self) -> int:
        """Return after how many measurements it stops in any case."""
        return _forecast(len(self.line)).most

    @property
    def next(self) -> int | None:
        """Return the position to measure now, None: none, or none yet."""
        if self.is_waiting or self.refusal or self.posterior.explanation is not Explanation.OPEN:
            return None
        if len(self.asked) >= self.most:
            return None
        counts = Counter(each.position for each in self.looks)
        exhausted = [position for position, count in counts.items() if count >= MOST_LOOKS]
        errors = [each.error for each in self._measurements]
        choice = self.posterior.choose(
            error=median(errors) if errors else FIRST_ERROR, without={*self.unmeasurable, *exhausted}
        )
        return choice[0] if choice else None

    @property
    def is_over(self) -> bool:
        """Whether nothing more is going to be asked for."""
        return not self.is_waiting and self.next is None

    @property
    def suspects(self) -> Iterator[tuple[RangeCommit, float]]:
        """Yield the fewest commits that hold 95 % of what is left to single ones, likeliest first, with their chances."""
        for position, likely in self.posterior.suspects():
            yield self.line[position - 1], likely

    @property
    def culprit(self) -> RangeCommit | None:
        """Return the commit that is proved, if one is."""
        found = self.posterior.explanation is Explanation.FOUND
        return next(self.suspects)[0] if found else None

    @property
    def conclusion(self) -> str:
        """Return what is known, as a sentence without a stranger's text."""
        posterior, after = self.posterior, f"after {_times(len(self.looks))}"
        likeliest, likely = posterior.suspects()[0]
        if posterior.explanation is Explanation.FOUND:
            effect, low, high = posterior.effect(likeliest)
            moved = f"{percent(effect)} {interval(low, high)}"
            return f"{self._sha(likeliest)} did it: {moved}, probability {chance(likely)}, {after}."
        if posterior.explanation is Explanation.NOTHING:
            return (
                f"Measured beside its base, no commit of the range changed it ({chance(posterior.nothing)}), {after}."
            )
        if posterior.explanation is Explanation.SEVERAL:
            parts = " and ".join(f"{self._sha(low)}..{self._sha(high)}" for low, high in posterior.steps())
            return f"No single commit explains it ({chance(posterior.several)}), {after}: see {parts}."
        named = ", ".join(f"{self._sha(position)} ({chance(each)})" for position, each in posterior.suspects()[:NAMED])
        return f"Not proved, {after}; near: {named}."

    def _sha(self, position: int) -> str:
        return (self.line[position - 1].sha if position else self.row.base)[:10]


def forecast(alert: Alert) -> Forecast:
    """Return what finding the commit of *alert* would cost.

    Raises:
        InvalidInput: It cannot be searched for; says why and what to do.
    """
    return _forecast(len(_line(alert)), _usual_minutes(alert))


def start(alert: Alert, *, who: str) -> None:
    """Begin to search for the commit of *alert*; nothing happens where that is under way.

    Raises:
        InvalidInput: It cannot be searched for; says why and what to do.
    """
    with project_lock(alert.project_id):
        current = Alert.objects.select_related(*ALERT_RELATIONS).get(pk=alert.pk)
        if Bisection.objects.filter(alert=current, ended_at=None).exists():
            return
        line, worst = _line(current), _worst(current)
        assert current.previous_commit is not None
        Bisection.objects.create(
            project=current.project,
            alert=current,
            label=worst.series.benchmark.label,
            metric=worst.series.metric,
            suite=worst.run.suite,
            base=current.previous_commit.sha,
            line=msgspec.to_builtins(line),
            low=worst.low,
            high=worst.high,
            started_by=who,
        )
        states.record_event(current, Event.Action.BISECTED, who=who, text=announced(len(line)))
        bisection_started.send(Bisection, project=current.project)


def announced(commits: int) -> str:
    """Return what a search through so many commits is going to cost."""
    cost = _forecast(commits)
    return f"{cost.commits} commits are suspect: about {cost.expected} measurements, {cost.most} at most."


def newest(alert: Alert) -> Search | None:
    """Return where the last search for the commit of *alert* stands, None: there was none."""
    row = Bisection.objects.filter(alert=alert).order_by("-pk").first()
    return None if row is None else read(row)


def read(row: Bisection) -> Search:
    """Return where a search stands."""
    line = msgspec.convert(row.line, list[RangeCommit])
    positions = {change.sha: position for position, change in enumerate(line, 1)}
    looks: list[Look] = []
    answered: dict[int, datetime] = {}
    for run in remeasurement.runs(row.project).filter(baseline_commit__sha=row.base, commit__sha__in=positions):
        position = positions[run.commit.sha]
        answered[position] = max(run.received_at, answered.get(position, run.received_at))
        looks.extend(_looks(row, run, position))
    asked = list(Publication.objects.filter(project=row.project_id, key__startswith=_stem(row)))
    asked.sort(key=lambda each: int(each.key.rpartition("/")[2]))
    awaited: set[int] = set()
    lost: set[int] = set()
    for each in asked:
        position, since = positions[each.wanted["inputs"]["head"]], each.first_published_at
        if each.failed_for_good or (since and position in answered and answered[position] > since):
            continue
        (lost if since and since < _answers_since() else awaited).add(position)
    refused = [each.error for each in asked if each.failed_for_good]
    return Search(
        row=row,
        line=line,
        looks=sorted(looks, key=lambda each: (each.position, each.run)),
        asked=asked,
        unmeasurable=sorted((lost | set(answered)) - {each.position for each in looks}),
        is_waiting=bool(awaited),
        refusal=refused[-1] if refused else "",
    )


def is_about(key: str) -> bool:
    """Return whether a publication's key is that of a search's measurement."""
    return "/bisection/" in key


def next_key(search: Search) -> str:
    """Return the key of the measurement to ask for now."""
    return f"{_stem(search.row)}{len(search.asked) + 1}"


def end(search: Search, reason: str) -> None:
    """Note that a search is over, and why; needs the project's lock."""
    search.row.ended_at = timezone.now()
    search.row.save(update_fields=["ended_at"])
    if search.row.alert is not None:
        states.record_event(search.row.alert, Event.Action.BISECTED, text=reason)


def _line(alert: Alert) -> list[RangeCommit]:
    if alert.kind != AlertKind.REGRESSION or not alert.is_open or alert.previous_commit is None:
        raise InvalidInput(f"alert {alert.pk} has no commit to look for: only an open regression has one")
    if not alert.project.repository or not account.is_configured():
        raise InvalidInput(f"project {alert.project.slug} has no repository on GitHub to ask: use 'perfgate bisect'")
    known = Range.objects.filter(
        project=alert.project_id, base=alert.previous_commit.sha, head=alert.commit.sha, changes__isnull=False
    ).first()
    line = list(msgspec.convert(known.changes, CommitRange).line) if known else []
    if not line:
        raise InvalidInput(
            f"GitHub has not told the commits of alert {alert.pk} on one line: use 'perfgate bisect', or wait until an"
            " issue is filed for it"
        )
    if len(line) == 1:
        raise InvalidInput(f"alert {alert.pk} has one suspect commit: there is nothing to search for")
    return line


def _worst(alert: Alert) -> StoredChangePoint:
    found = StoredChangePoint.objects.filter(alert=alert, regression=True).select_related("series__benchmark", "run")
    worst = max(found, key=lambda one: (abs(one.effect), -one.pk), default=None)
    if worst is None:
        raise InvalidInput(f"alert {alert.pk} has no regression any more: there is nothing to search for")
    return worst


def _forecast(commits: int, minutes: float | None = None) -> Forecast:
    halvings = math.ceil(math.log2(commits))
    return Forecast(commits=commits, expected=halvings, most=halvings + SPARE_VISITS, minutes=minutes)


def _usual_minutes(alert: Alert) -> float | None:
    """Return how long an answer took lately: the median of the project's last measurements that had one."""
    asked = Publication.objects.filter(
        project=alert.project_id, kind=Publication.Kind.DISPATCH, first_published_at__isnull=False
    ).order_by("-first_published_at")[:_RECENT]
    took = []
    for each in asked:
        inputs = each.wanted["inputs"]
        answers = remeasurement.runs(alert.project).filter(
            baseline_commit__sha=inputs["base"], commit__sha=inputs["head"], received_at__gt=each.first_published_at
        )
        if (first := answers.order_by("received_at").first()) is not None and each.first_published_at:
            took.append((first.received_at - each.first_published_at).total_seconds() / 60)
    return median(took) if took else None


def _looks(row: Bisection, run: Run, position: int) -> Iterator[Look]:
    """Yield what a run tells of the followed series, if it tells anything."""
    wanted = remeasurement.key(row.label, row.metric)
    for told in judgments.read(run.verdict).rows:
        if remeasurement.key(told.label, told.metric) != wanted:
            continue
        if told.effect is not None and told.low is not None and told.high is not None:
            yield Look(position, run.commit.sha, run.pk, told.effect, told.low, told.high)


def _measurement(position: int, low: float, high: float) -> CommitMeasurement:
    first, last = math.log1p(max(low, _LOWEST)), math.log1p(max(high, _LOWEST))
    return CommitMeasurement(position, (first + last) / 2, (last - first) / (2 * _NORMAL))


def _answers_since() -> datetime:
    return timezone.now() - timedelta(hours=ANSWER_HOURS)


def _stem(row: Bisection) -> str:
    what = f"alert/{row.alert_id}" if row.alert_id is not None else f"pull/{row.pull_request}"
    return f"{what}/bisection/{row.pk}/"


def _times(count: int) -> str:
    return f"{count} measurement{'' if count == 1 else 's'}"
