"""How two sides differ in their packages."""

from __future__ import annotations

from collections.abc import Mapping


def differences(base: Mapping[str, str], head: Mapping[str, str]) -> str:
    """Return the packages that differ between two sides, as text for people; empty if none does.

    Args:
        base: Versions by normalized name.
        head: Likewise.
    """
    parts = [
        f"{name} {base.get(name, 'absent')} → {head.get(name, 'absent')}"
        for name in sorted(base.keys() | head.keys())
        if base.get(name) != head.get(name)
    ]
    return ", ".join(parts)
