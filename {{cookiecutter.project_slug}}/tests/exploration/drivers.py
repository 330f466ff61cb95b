"""The statements that a call sends past SQLAlchemy, on a connection of asyncpg."""

from __future__ import annotations

import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any

from .lines import is_ours

#: What sends a statement, whose text is the first argument.
EXECUTE = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany")
#: What sends a COPY of the table or query that is the first argument.
COPY = ("copy_from_query", "copy_from_table", "copy_records_to_table", "copy_to_table")
#: What sends a statement that was prepared before.
PREPARED = ("executemany", "fetch", "fetchrow", "fetchval", "fetchmany")

Noted = Callable[[str, Any], Coroutine[Any, Any, None] | None]


@contextmanager
def driver_watched(noted: Noted) -> Iterator[None]:
    """Tell of the statements that neither SQLAlchemy nor we have asked asyncpg for.

    Args:
        noted: Told of the text and the connection. Returns what to wait for before it is sent.
    """
    asyncpg = sys.modules.get("asyncpg")
    if asyncpg is None:
        yield
        return

    def replace(owner: Any, name: str, told: Callable[[Any, tuple[Any, ...]], str]) -> None:
        original = getattr(owner, name, None)
        if original is None:
            return

        @wraps(original)
        async def watched(self: Any, *arguments: Any, **options: Any) -> Any:
            text = " ".join(told(self, arguments).split()).rstrip(" ;")
            driver = getattr(self, "_connection", self)
            # The BEGIN of SQLAlchemy is not seen either.
            if not text.startswith("BEGIN") and _is_of_app(sys._getframe(1), driver):
                turn = noted(text, driver)
                if turn is not None:
                    await turn
            return await original(self, *arguments, **options)

        setattr(owner, name, watched)
        replaced.append((owner, name, original))

    replaced: list[tuple[Any, str, Any]] = []
    connection, prepared = asyncpg.Connection, asyncpg.prepared_stmt.PreparedStatement
    try:
        for name in EXECUTE:
            replace(connection, name, lambda _, arguments: str(arguments[0]))
        for name in COPY:
            replace(connection, name, lambda _, arguments: f"COPY {arguments[0]}")
        for name in PREPARED:
            replace(prepared, name, lambda self, _: str(self.get_query()))
        yield
    finally:
        for owner, name, original in reversed(replaced):
            setattr(owner, name, original)


def _is_of_app(frame: FrameType | None, driver: Any) -> bool:
    """Whether it is not SQLAlchemy, or we, that has called the driver."""
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        # A connection of another class passes on what it is asked for.
        if not module.startswith("asyncpg.") and frame.f_locals.get("self") is not driver:
            return not module.startswith("sqlalchemy.") and not is_ours(frame.f_code.co_filename)
        frame = frame.f_back
    return True
