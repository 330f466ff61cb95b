"""Calls a function before or after what it hooks on to."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any


def has_asyncio() -> bool:
    """Whether SQLAlchemy's asyncio can be imported. Once that fails, it passes for imported."""
    return find_spec("greenlet") is not None


def before(hook: Callable[..., None], original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        hook(*args)
        return original(*args, **kwargs)

    return wrapper


def after(hook: Callable[..., None], original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        hook(*args)
        return result

    return wrapper
