"""Feature flags, read from a file when the app starts."""

import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path

from fastapi import HTTPException, Request, status


def load_flags(path: Path) -> dict[str, bool]:
    return {name: bool(value) for name, value in tomllib.loads(path.read_text("utf-8")).items()}


def requires_flag(name: str) -> Callable[[Request], Awaitable[None]]:
    """Make a dependency that hides an endpoint while a feature is off."""

    async def check(request: Request) -> None:
        if not request.app.state.flags.get(name, False):
            raise HTTPException(status.HTTP_404_NOT_FOUND)

    return check
