"""asv benchmarks are named as asv's own result file names them, one item for each combination of parameters."""

from __future__ import annotations

from typing import Any

from perfgate.measure.tools.asv.items import collected_items


def described(name: str, **more: object) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "name": name,
        "type": "time",
        "unit": "seconds",
        "version": "1",
        "parameter_names": [],
        "parameters": [],
        "timeout": 60.0,
        "cache": None,
        "cache_timeout": None,
    }
    return {**plain, **more}


def test_every_combination_has_its_address() -> None:
    """Asv numbers the combinations; the last parameter varies first."""
    parameters = {"parameter_names": ["count", "kind"], "parameters": [["1", "2"], ["'a'", "'b'"]]}
    items = collected_items([described("b.plain"), described("b.sort", **parameters)])

    assert ["b.plain", "b.sort-0", "b.sort-1", "b.sort-2", "b.sort-3"] == [item.address for item in items]
    assert "b.plain" == items[0].label
    assert "b.sort[count=1, kind='b']" == items[2].label
    assert "b.sort[count=2, kind='a']" == items[3].label


def test_time_outs_caches_and_units_are_kept() -> None:
    """What measures no time says so, with its own unit."""
    (timed, tracked) = collected_items(
        [
            described("b.time", timeout=0.5, cache="b:3", cache_timeout=7.0),
            described("b.track", type="track", unit="items"),
        ]
    )

    assert (0.5, "b:3", 7.0) == (timed.timeout_seconds, timed.cache, timed.cache_timeout_seconds)
    assert timed.is_timed
    assert not tracked.is_timed
    assert "items" == tracked.metric.unit
