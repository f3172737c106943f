"""A suite is collected again and again until nothing certain can be added."""

from __future__ import annotations

from dataclasses import replace

import pytest

from perfgate.errors import MeasurementFailed
from perfgate.measure.needs.suite_needs import SuiteNeeds
from perfgate.measure.needs.trial import MAX_ATTEMPTS, Collected, try_out


def collect(needs: SuiteNeeds) -> Collected:
    """Collect a suite whose two files need one package each."""
    lacking = [name for name in ("numpy", "shelf") if name not in needs.packages]
    return Collected(count=2 - len(lacking), errors=" ".join(lacking))


def added(needs: SuiteNeeds, errors: str) -> SuiteNeeds | None:
    return replace(needs, packages=(*needs.packages, errors.split(maxsplit=1)[0]))


def no_advice(needs: SuiteNeeds, errors: str) -> str:  # noqa: ARG001 - takes what an adviser takes
    return "add it"


def attempt(**changed: object) -> tuple[SuiteNeeds, SuiteNeeds]:
    arguments = {"collect": collect, "complete": lambda needs: needs, "added": added, "advice": no_advice, **changed}
    return try_out(SuiteNeeds(), SuiteNeeds(), **arguments)  # type: ignore[arg-type] # a side is just its needs here


def test_needs_are_added_one_after_the_other() -> None:
    """The side is the one on which the last collection was made."""
    side, needs = attempt()

    assert ("numpy", "shelf") == side.packages == needs.packages


def test_what_cannot_be_added_is_named() -> None:
    """The error has the line to add, and what the tool printed."""
    with pytest.raises(MeasurementFailed, match=r"(?s)no benchmark .*: add it\nnumpy shelf"):
        attempt(added=lambda needs, errors: None)  # noqa: ARG005 - takes what `added` takes


def test_a_part_that_can_be_collected_is_enough() -> None:
    """One broken file of a suite does not keep the others from being measured."""

    def partly(needs: SuiteNeeds, errors: str) -> SuiteNeeds | None:
        return None if errors == "shelf" else added(needs, errors)

    side, needs = attempt(added=partly)

    assert ("numpy",) == side.packages == needs.packages


def test_a_package_that_cannot_be_installed_does_not_lose_the_rest() -> None:
    """If something was collected, the measurement goes on with the side as it was; else the error is the installer's."""

    def complete(needs: SuiteNeeds) -> SuiteNeeds:
        if "shelf" in needs.packages:
            raise MeasurementFailed("no shelf anywhere")
        return needs

    side, _ = attempt(complete=complete)
    assert ("numpy",) == side.packages

    with pytest.raises(MeasurementFailed, match="no shelf"):
        attempt(complete=complete, collect=lambda needs: Collected(count=0, errors="shelf"))  # noqa: ARG005 - as above


def test_it_ends() -> None:
    """An error that adding does not cure is not answered for ever."""
    calls: list[SuiteNeeds] = []

    def endless(needs: SuiteNeeds) -> Collected:
        calls.append(needs)
        return Collected(count=1, errors="numpy")

    attempt(collect=endless)

    assert MAX_ATTEMPTS + 1 == len(calls)
