"""What a call costs is CPU time, and the share of a function is what it takes when nothing else is observed."""

from __future__ import annotations

import json
import time
from typing import Any

from perfgate.measure.agent import costs
from perfgate.measure.agent.costs import Profile
from perfgate.measure.agent.paths import folder_prefixes

OWN = folder_prefixes([__file__])


def test_outermost_calls_are_profiled() -> None:
    """Recursion counts once, generators and other files not at all; a caller's time includes its callees'."""

    def recursive(depth: int) -> int:
        return recursive(depth - 1) + 1 if depth else sum(generator())

    def caller() -> None:
        recursive(3)
        recursive(2)
        json.dumps([])

    def generator() -> Any:
        yield 1

    profile = Profile(folder_prefixes([__file__]))
    with profile:
        caller()

    found = profile.functions()
    assert {caller.__code__: 1, recursive.__code__: 2} == {code: calls for code, (calls, _) in found.items()}
    assert found[recursive.__code__][1] <= found[caller.__code__][1] <= profile.seconds


def small(number: int) -> int:
    return number % 10


def chatty() -> int:
    return sum([small(number) for number in range(3000)])


def silent(*, size: int = 600_000) -> int:
    return sum(range(size))


def both() -> int:
    return chatty() + silent()


def measured(call: Any) -> dict[str, Any]:
    return costs.measure(lambda: (call, lambda: None), OWN)


def test_a_function_has_the_share_that_it_has_without_a_profiler() -> None:
    """A profiler makes the many small calls of one function three times as expensive, at the cost of the other's share."""
    profile = Profile(OWN)
    with profile:
        both()
    profiled = profile.functions()[silent.__code__][1] / profile.seconds
    began = time.process_time()
    for _ in range(100):
        silent()
    alone = time.process_time() - began
    began = time.process_time()
    for _ in range(100):
        both()
    true_share = alone / (time.process_time() - began)
    shares = {function["name"]: function["share"] for function in measured(both)["functions"]}

    assert {"both", "chatty", "silent"} == shares.keys()
    assert abs(shares["silent"] - true_share) < abs(profiled - true_share)
    assert small.__code__.co_name not in shares


def test_observed_functions_are_as_they_were_afterwards() -> None:
    """Arguments, defaults and results pass through, and the code is put back."""
    before = (both.__code__, silent.__code__)
    measured(both)

    assert before == (both.__code__, silent.__code__)
    assert sum(range(7)) == silent(size=7)


def test_waiting_is_noticed() -> None:
    """Such a benchmark is judged by wall time."""
    assert not measured(both)["waits"]
    assert measured(lambda: time.sleep(0.001))["waits"]
