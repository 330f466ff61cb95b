"""What a log says of an error: its message and notes, and those of what led to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress


def messages(error: BaseException | None) -> Iterator[str]:
    """Yield what a traceback shows besides lines of code, as Python formats it."""
    seen: set[int] = set()
    todo = [error]
    while todo:
        link = todo.pop()
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        # What an error says of itself is the user's code.
        with suppress(Exception):
            yield str(link)
        notes = getattr(link, "__notes__", None)
        if isinstance(notes, list | tuple):
            yield from (str(note) for note in notes)
        if link.__cause__ is not None or not link.__suppress_context__:
            todo.append(link.__cause__ or link.__context__)
        if isinstance(link, BaseExceptionGroup):
            todo.extend(link.exceptions)
