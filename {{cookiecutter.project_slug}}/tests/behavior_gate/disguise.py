"""Makes what stands in the place of a function pass for it, where one pickles or binds that."""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType
from typing import Any


class Unbound(staticmethod):  # type: ignore[type-arg]
    """Stands for a built-in function: held by a class, it does not become a method."""

    __qualname__: str

    def __reduce__(self) -> str:
        # By its name, as a function is.
        return self.__qualname__


def disguised(replacement: Any, original: Any, owner: Any, name: str) -> Any:
    """Give a replacement the name under which it stands, and the nature of the original."""
    if not isinstance(replacement, FunctionType) or replacement is original:
        return replacement
    if isinstance(owner, type):
        replacement.__module__, replacement.__qualname__ = (
            owner.__module__,
            f"{owner.__qualname__}.{name}",
        )
        return replacement
    replacement.__module__, replacement.__qualname__ = owner.__name__, name
    is_built_in = isinstance(original, (BuiltinFunctionType, Unbound))
    return Unbound(replacement) if is_built_in else replacement
