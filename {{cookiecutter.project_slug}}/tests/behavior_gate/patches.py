"""Replaces attributes of other modules, and puts them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """The attributes that were replaced for one purpose."""

    def __init__(self, blind: Callable[[str], None], loses: str) -> None:
        """Take whom to tell of a name that does not exist, and what can't be watched then."""
        self._blind = blind
        self._loses = loses
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
        """Set an attribute to what `wrap` makes of its present value."""
        original = getattr(owner, name, None)
        if original is None:
            where = owner.__name__
            if isinstance(owner, type):
                where = f"{owner.__module__}.{owner.__qualname__}"
            self._blind(
                f"{where}.{name} does not exist in this version, so that the gate can't"
                f" watch {self._loses}"
            )
            return
        self._undo.append((owner, name, original))
        setattr(owner, name, wrap(original))

    def restore(self) -> None:
        """Put every attribute back, the last one first."""
        while self._undo:
            setattr(*self._undo.pop())
