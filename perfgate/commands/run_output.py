"""How the measurements of one revision are printed."""

from __future__ import annotations

from pathlib import Path

from rich.text import Text

from perfgate.formatting import plain, quantity
from perfgate.report import terminal
from perfgate.results.records import Run, SampleState


def show(measured: Run, output: Path | None) -> None:
    """Print the values, how many benchmarks failed or were skipped, and where the result file was written."""
    out = terminal.console()
    prefix = terminal.shared_prefix([sample.benchmark.label for sample in measured.samples])
    terminal.announce(out, prefix)
    table = terminal.table("benchmark", ["metric"], ["value", "n"])
    for sample in measured.samples:
        size = sum(map(len, sample.rounds))
        value = quantity(sample.value, sample.metric.unit) if sample.value is not None else str(sample.state)
        table.add_row(terminal.name(sample.benchmark.label, prefix), sample.metric.name, value, str(size or "–"))
    terminal.show(out, table)
    out.print(
        f"{measured.count(SampleState.MEASURED)} measured, {measured.count(SampleState.FAILED)} failed,"
        f" {measured.count(SampleState.SKIPPED)} skipped at {measured.commit.sha[:10]} on {plain(measured.environment.name)}"
    )
    for refusal in measured.refused:
        out.print(Text(f"refused {plain(refusal.where)}: {plain(refusal.reason)}", style="yellow"))
    if output:
        out.print(f"written to {output}")
