"""Replaces attributes of other modules, and puts them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """The attributes that one detector has replaced."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Set an attribute to what `wrap` makes of its present value."""
        original = getattr(owner, name)
        self._undo.append((owner, name, original))
        setattr(owner, name, wrap(original))

    def restore(self) -> None:
        """Put every attribute back, the last one first."""
        while self._undo:
            setattr(*self._undo.pop())
