"""Makes what stands in the place of a function pass for it: pickled, bound, awaited or mocked."""

from __future__ import annotations

import asyncio
import inspect
import sys
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
    if inspect.iscoroutinefunction(original) and not inspect.iscoroutinefunction(replacement):
        _mark_as_async(replacement)
    if isinstance(owner, type):
        replacement.__module__, replacement.__qualname__ = (
            owner.__module__,
            f"{owner.__qualname__}.{name}",
        )
        return replacement
    replacement.__module__, replacement.__qualname__ = owner.__name__, name
    is_built_in = isinstance(original, (BuiltinFunctionType, Unbound))
    return Unbound(replacement) if is_built_in else replacement


def _mark_as_async(function: Any) -> None:
    """Have a function that returns a coroutine be one that `mock` makes an AsyncMock of."""
    if sys.version_info >= (3, 12):
        inspect.markcoroutinefunction(function)
    else:
        function._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]
