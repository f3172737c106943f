"""Tests are named as pytest-benchmark's own result file names them."""

from __future__ import annotations

from perfgate.measure.tools.pytest_benchmark.items import collected_items, file_of


def test_a_test_keeps_its_node_id() -> None:
    """Parameters become part of the label; the node id stays the address."""
    address = "tests/test_sort.py::TestSort::test_sort[3-a]"
    (plain, parametrized) = collected_items(
        [
            {"id": "tests/test_sum.py::test_sum", "parameters": None, "parameter_id": None},
            {"id": address, "parameters": {"count": 3, "kind": "a"}, "parameter_id": "3-a"},
        ]
    )

    assert "tests/test_sum.py::test_sum" == plain.label
    assert address == parametrized.address
    assert "tests/test_sort.py::TestSort::test_sort[count=3, kind=a]" == parametrized.label
    assert parametrized.is_timed
    assert "tests/test_sort.py" == file_of(address)
