"""The benchmarks of a pytest suite, named as in pytest-benchmark's own result file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from perfgate.measure.live.items import Item
from perfgate.results.formats.pytest_benchmark import reader as pytest_benchmark


def collected_items(collected: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return one item for each test and combination of parameters.

    Args:
        collected: The descriptions of `agent.pytest_benchmark.reports.description`, in pytest's order.
    """
    document = {
        "machine_info": {},
        "benchmarks": [
            {"fullname": test["id"], "param": test["parameter_id"], "params": test["parameters"]} for test in collected
        ],
    }
    run = pytest_benchmark.read(msgspec.json.encode(document), name="collected")
    return [
        Item(benchmark=sample.benchmark, metric=sample.metric, address=test["id"])
        for test, sample in zip(collected, run.samples, strict=True)
    ]


def file_of(address: str) -> str:
    """Return the test file of a node id."""
    return address.partition("::")[0]
