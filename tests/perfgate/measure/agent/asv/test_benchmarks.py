"""What asv_runner finds is described in full, and is called as asv calls it.

build.py, probe.py, trace.py and worker.py are programs: tests/perfgate/measure runs them in sides/test_asv_environments.py,
counts/test_memory.py, reach/test_closure.py and test_comparison.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SUITE = """
class Cached:
    params = [[3, 30], ["a"]]
    param_names = ["count", "kind"]
    timeout = 7.5

    def setup_cache(self):
        return {"sum": 6}

    def time_sum(self, cache, count, kind):
        return cache, count, kind

def track_plain():
    return 1

track_plain.unit = "items"
"""

SCRIPT = """
import json, sys
sys.path[:0] = [{package!r}]
from agent.asv.benchmarks import call_arguments, description, fill_cache, stored_cache
from asv_runner.discovery import disc_benchmarks, get_benchmark_from_name, update_sys_path
update_sys_path({folder!r})
found = [description(benchmark) for benchmark in disc_benchmarks({folder!r})]
fill_cache({folder!r}, "b.Cached.time_sum-1")
called = call_arguments(get_benchmark_from_name({folder!r}, "b.Cached.time_sum-1"), stored_cache())
plain = call_arguments(get_benchmark_from_name({folder!r}, "b.track_plain"), None)
print(json.dumps([found, called, plain]))
"""


def test_benchmarks_are_described_and_called(tmp_path: Path) -> None:
    """Parameters, time-outs and caches are known before a call; the cache is the first argument of it."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "b.py").write_text(SUITE)
    package = str(Path(__file__).parents[5] / "perfgate/measure")
    script = SCRIPT.format(package=package, folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, cwd=tmp_path, env={**os.environ}, text=True
    )

    found: list[Any]
    found, called, plain = json.loads(done.stdout)
    benchmarks = {benchmark["name"]: benchmark for benchmark in found}
    cached = benchmarks["b.Cached.time_sum"]
    assert (["count", "kind"], [["3", "30"], ["'a'"]]) == (cached["parameter_names"], cached["parameters"])
    assert 7.5 == cached["timeout"]
    assert cached["cache"].startswith("b:")
    assert ("track", "items", None) == tuple(benchmarks["b.track_plain"][key] for key in ("type", "unit", "cache"))
    assert [{"sum": 6}, 30, "a"] == called
    assert [] == plain
