"""Short runs for tests to store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from perfgate.results import result_file
from perfgate.results.records import TIME, Benchmark, Commit, Environment, Run, Sample, SampleState
from webapp.history import ingest
from webapp.history.models import Project, SeriesChunk

START = datetime(2026, 1, 1, tzinfo=UTC)


def sha(number: int) -> str:
    return f"{number:040x}"


def commit(number: int, **more: Any) -> Commit:
    return Commit(**{"sha": sha(number), "committed_at": START + timedelta(hours=number), **more})


def run(number: int, values: Mapping[str, float | None], **more: Any) -> Run:
    """Return a run of commit *number*; a benchmark without a value failed."""
    samples = tuple(
        Sample(
            benchmark=Benchmark(name=name, version=more.get("version", "")),
            metric=TIME,
            value=value,
            state=SampleState.FAILED if value is None else SampleState.MEASURED,
        )
        for name, value in values.items()
    )
    more.pop("version", None)
    return Run(
        **{
            "suite": "asv",
            "tool": "asv",
            "commit": commit(number),
            "environment": Environment(name="runner", fields={"machine": "m1", "python": "3.12"}),
            "samples": samples,
            **more,
        }
    )


def store(project: Project, one: Run, **more: Any) -> ingest.IngestResult:
    return ingest.store(project, one, result_file.write(one), name="result.json", **more)


def chunks_of(project: Project) -> dict[tuple[int, int], set[bytes]]:
    """Return the packed points by series and chunk, whatever their order inside."""
    rows = SeriesChunk.objects.filter(series__environment__project=project)
    return {
        (row.series_id, row.chunk_number): {bytes(row.points[i : i + 14]) for i in range(0, len(row.points), 14)}
        for row in rows
    }
