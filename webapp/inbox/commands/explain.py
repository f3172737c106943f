"""``/perfgate explain``: show all that is known of one benchmark in this pull request."""

from __future__ import annotations

from collections.abc import Iterator

from perfgate import formatting
from perfgate.gate import Row
from perfgate.report.rows import limit
from webapp.inbox.commands.context import CommandContext
from webapp.inbox.commands.pull_request_rows import find_row


def reply(context: CommandContext) -> str:
    """Return a table of everything in the benchmark's row.

    Raises:
        CommandDeclined: There is no such row.
    """
    row = find_row(context.project, context.command.pull_request, context.arguments.lower())
    lines = [f"{formatting.code(row.label)}, {formatting.code(row.metric)}:", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in _facts(row))])


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "change", f"{formatting.percent(row.effect)}, decided by {formatting.interval(row.low, row.high)}"
    levels = (formatting.quantity(level, row.unit) for level in (row.baseline, row.candidate))
    yield "base → head", " → ".join(levels)
    for finding in row.findings:
        source = f" (policy, line {finding.limit.line})" if finding.limit.line else " (the default)"
        yield "allowed", limit(finding) + source
    yield "pairs", str(row.pairs)
    detectable = formatting.share(row.smallest_detectable, digits=2) if row.smallest_detectable else "unknown"
    yield "smallest detectable change, with probability 0.9", detectable
    reason = f": {formatting.code(row.reason, 300)}" if row.reason else ""
    yield "judgment", f"{row.judgment}, so {row.outcome}{reason}"
    if row.waiver is not None:
        waiver = row.waiver
        ceiling = f"up to {formatting.share(waiver.max_regression)} until {waiver.until}"
        yield "waived", f"{ceiling}, by {formatting.code(waiver.owner)}: {formatting.code(waiver.reason, 300)}"
