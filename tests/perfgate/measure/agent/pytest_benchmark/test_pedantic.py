"""A pedantic call is set up, made and cleaned up with the arguments that pytest-benchmark would use."""

from __future__ import annotations

from typing import Any

import pytest

from perfgate.measure.agent.pytest_benchmark.pedantic import PedanticCall


@pytest.mark.parametrize(
    ("prepared", "expected"), [((("set",), {"up": 1}), (("set",), {"up": 1})), (None, (("given",), {"named": 2}))]
)
def test_the_setup_may_give_the_arguments(prepared: Any, expected: Any) -> None:
    """If it returns none, the given ones are used; the teardown gets the same as the call."""
    calls: list[Any] = []
    pedantic = PedanticCall(
        target=lambda *args, **kwargs: calls.append((args, kwargs)),
        args=("given",),
        kwargs={"named": 2},
        setup=lambda: prepared,
        teardown=lambda *args, **kwargs: calls.append((args, kwargs)),
    )

    call, clean = pedantic.prepare()
    assert [] == calls
    call()
    clean()
    assert [expected, expected] == calls


def test_everything_but_the_target_is_optional() -> None:
    """A call without arguments, setup and teardown."""
    call, clean = PedanticCall(lambda: 7, (), None, None, None).prepare()

    assert 7 == call()
    clean()
