"""The benchmarks of an asv suite, named as in asv's own result file."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from perfgate.measure.live.items import Item
from perfgate.results.formats.asv import reader as asv
from perfgate.results.formats.untrusted_text import NO_COMMIT


def collected_items(collected: Sequence[Mapping[str, Any]]) -> list[Item]:
    """Return one item for each combination of parameters of each benchmark.

    Args:
        collected: The descriptions of `agent.asv.benchmarks.description`, in asv's order.
    """
    document = {
        "commit_hash": NO_COMMIT,
        "result_columns": ["result", "params", "version"],
        "results": {
            found["name"]: [[None] * _combinations(found), found["parameters"], found["version"]] for found in collected
        },
    }
    context = {
        found["name"]: {"type": found["type"], "unit": found["unit"], "param_names": found["parameter_names"]}
        for found in collected
    }
    run = asv.read(msgspec.json.encode(document), name="collected", context=msgspec.json.encode(context))
    samples = iter(run.samples)
    return [
        Item(
            benchmark=sample.benchmark,
            metric=sample.metric,
            address=f"{found['name']}-{index}" if found["parameters"] else found["name"],
            timeout_seconds=found["timeout"],
            cache=found["cache"],
            cache_timeout_seconds=found["cache_timeout"],
        )
        for found in collected
        for index, sample in enumerate(itertools.islice(samples, _combinations(found)))
    ]


def _combinations(found: Mapping[str, Any]) -> int:
    return math.prod(len(values) for values in found["parameters"])
