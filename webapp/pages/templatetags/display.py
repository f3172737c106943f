"""Template filters and tags: numbers, times, commits and untrusted text."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import metadata
from urllib.parse import quote

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from perfgate import formatting
from perfgate.results.limits import MAX_TEXT_CHARACTERS
from webapp.history.models import Commit, Project

register = template.Library()

OUTCOME_WORDS = {"pass": "passed", "fail": "failed", "waived": "waived", "inconclusive": "no verdict"}
"""Word for each outcome; its symbol and color are in the style sheet."""

register.filter("percent", formatting.percent)
register.filter("share", formatting.share)
register.filter("chance", formatting.chance)
register.filter("quantity", formatting.quantity)


@register.filter
def counted(number: int) -> str:
    """Return a count with a thousands separator."""
    return f"{number:,}"


@register.filter
def noise(fraction: float | str | None) -> str:
    """Return a noise level with two significant digits; a dash if it is unknown."""
    return f"± {formatting.share(fraction, digits=2)}" if isinstance(fraction, float) else "–"


@register.filter
def rounded_share(fraction: float) -> str:
    """Return an estimated share with two significant digits."""
    return formatting.share(fraction, digits=2)


@register.filter
def visible(text: object) -> str:
    """Return untrusted text with hidden and reordering characters replaced; the template escapes it."""
    return formatting.plain(str(text), MAX_TEXT_CHARACTERS)


@register.filter
def breakable(text: object) -> SafeString:
    """Return untrusted text, escaped, with line breaks allowed after punctuation that joins words in names."""
    parts = re.split(r"(?<=[._/,\[:-])(?!\d)", visible(text))
    return format_html_join(mark_safe("<wbr>"), "{}", ((part,) for part in parts))


@register.simple_tag
def moment(when: datetime | None) -> str | SafeString:
    """Return a time in UTC as a ``<time>`` element; a dash if it is unknown."""
    if when is None:
        return "–"
    when = when.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{} UTC</time>',
        when.isoformat(timespec="seconds"),
        f"{when:%Y-%m-%d\N{NO-BREAK SPACE}%H:%M}",
    )


@register.simple_tag
def change(effect: float | None, regression: bool | None = None) -> str | SafeString:  # noqa: FBT001 - templates pass positional arguments
    """Return a change with an arrow, and the color and word for a regression or improvement; None: neither."""
    if effect is None:
        return "–"
    arrow = "▲" if effect > 0 else "▼" if effect < 0 else "="
    if regression is None:
        return format_html('<span class="number">{}</span>', formatting.percent(effect))
    kind = "worse" if regression else "better"
    word = "regression" if regression else "improvement"
    return format_html(
        '<span class="number {}"><span aria-hidden="true">{}</span> {}<span class="unseen"> {}</span></span>',
        kind,
        arrow,
        formatting.percent(effect),
        word,
    )


@register.simple_tag
def interval(low: float, high: float) -> str:
    """Return a confidence interval of an effect."""
    return formatting.interval(low, high)


@register.simple_tag
def version() -> str:
    """Return the version of the installed perfgate; empty if it is not installed."""
    try:
        return metadata.version("perfgate")
    except metadata.PackageNotFoundError:
        return ""


@register.simple_tag
def outcome(name: str, word: str = "") -> SafeString:
    """Return the outcome of a verdict or row as a badge; *word* says more than the outcome does, such as "improved"."""
    text = OUTCOME_WORDS.get(name, name) if word in {"", name} else word
    return format_html('<span class="badge outcome-{}">{}</span>', name, text)


@register.simple_tag
def state(name: str) -> SafeString:
    """Return the state of an alert as a badge."""
    return format_html('<span class="badge state-{0}">{0}</span>', name)


@register.simple_tag
def worse(fraction: float) -> SafeString:
    """Return how much worse a level is than the accepted one; 0 or less: not worse."""
    if fraction <= 0:
        return format_html('<span class="number">{}</span>', "no worse")
    return format_html('<span class="number worse">{} worse</span>', formatting.percent(fraction))


@register.filter
def paragraphs(text: object) -> SafeString:
    """Return untrusted text of several lines, escaped."""
    lines = [visible(line) for line in str(text).splitlines()]
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))


@register.simple_tag
def issue_link(project: Project, number: int) -> SafeString:
    """Return the number of an issue, linked to GitHub if the project names its repository."""
    address = _web_address(project)
    return format_html('<a href="{0}/issues/{1}">#{1}</a>', address, number) if address else format_html("#{}", number)


@register.simple_tag
def commit(project: Project, target: Commit) -> SafeString:
    """Return the short name of a commit, linked to GitHub if the project names its repository."""
    address = _web_address(project)
    short = format_html("<code>{}</code>", target.sha[:10])
    return format_html('<a href="{}/commit/{}">{}</a>', address, target.sha, short) if address else short


@register.simple_tag
def commits_between(project: Project, before: Commit, after: Commit) -> SafeString:
    """Return a commit range, linked to GitHub's comparison if the project names its repository."""
    address = _web_address(project)
    shown = format_html("<code>{}</code>…<code>{}</code>", before.sha[:10], after.sha[:10])
    if not address:
        return shown
    return format_html('<a href="{}/compare/{}...{}">{}</a>', address, before.sha, after.sha, shown)


def _web_address(project: Project) -> str:
    """Return the web address of the repository; empty if the API's address does not imply one."""
    if not project.repository:
        return ""
    api = str(settings.GITHUB_API_URL)
    if api == "https://api.github.com":
        return "https://github.com/" + quote(project.repository)
    # GitHub Enterprise serves its API below the web address.
    return f"{api.removesuffix('/api/v3')}/{quote(project.repository)}" if api.endswith("/api/v3") else ""
