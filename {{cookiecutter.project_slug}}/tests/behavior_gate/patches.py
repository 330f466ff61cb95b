"""Replaces attributes of other modules, and puts them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .core import Gate


class Patches:
    """The attributes that were replaced for one purpose."""

    def __init__(self, gate: Gate, loses: str) -> None:
        """Take what can't be watched where a name does not exist."""
        self._gate = gate
        self._loses = loses
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Set an attribute to what `wrap` makes of its present value."""
        original = getattr(owner, name, None)
        if original is None:
            where = owner.__name__
            if isinstance(owner, type):
                where = f"{owner.__module__}.{owner.__qualname__}"
            self._gate.lacks(f"{where}.{name}", self._loses)
            return
        self._undo.append((owner, name, original))
        setattr(owner, name, wrap(original))

    def replace_new(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Do the same to what old versions do without, so that nothing is lost there."""
        if hasattr(owner, name):
            self.replace(owner, name, wrap)

    def restore(self) -> None:
        """Put every attribute back, the last one first."""
        while self._undo:
            setattr(*self._undo.pop())
