"""A call of ``benchmark.pedantic``, which may have a setup and a teardown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any


@dataclass
class PedanticCall:
    """The arguments of ``benchmark.pedantic``."""

    target: Callable[..., object]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] | None
    setup: Callable[[], Any] | None
    """May return the positional and named arguments of the call."""
    teardown: Callable[..., object] | None

    def prepare(self) -> tuple[Callable[[], object], Callable[[], None]]:
        """Set up; return a function that makes one call, and one that cleans up after it."""
        positional, named = (self.setup() if self.setup else None) or (self.args, self.kwargs or {})

        def clean() -> None:
            if self.teardown:
                self.teardown(*positional, **named)

        return partial(self.target, *positional, **named), clean
