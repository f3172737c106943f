"""The rule kinds, one module each: a new kind is a new module here."""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from perfgate.policy.rule_kind import RuleKind


def all_kinds() -> tuple[RuleKind, ...]:
    """Return the kinds of all modules in this package, by module name; findings keep that order."""
    return _kinds(tuple(__path__))


@lru_cache(maxsize=4)
def _kinds(folders: tuple[str, ...]) -> tuple[RuleKind, ...]:
    names = sorted(module.name for module in pkgutil.iter_modules(folders))
    return tuple(import_module(f"{__name__}.{name}").KIND for name in names)


def find_kind(key: str) -> RuleKind | None:
    """Return the kind with that key; None if there is none, as for a verdict that was stored by another version."""
    return next((kind for kind in all_kinds() if kind.key == key), None)
