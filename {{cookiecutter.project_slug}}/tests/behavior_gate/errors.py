"""What an error says, and what led to it."""

from __future__ import annotations

from collections.abc import Iterator

from .core import Request

#: Raised by SQLAlchemy when it closes a session that an earlier error has left half-way.
_CONSEQUENCES = ("IllegalStateChangeError",)


class BlockingError(Exception):
    """Raised in place of a call that blocks the event loop and may wait for it, and so forever.

    That is a lock, a future, a question at the terminal, a socket without a timeout, and a client
    of a database server. Any other call that blocks goes on. Each is reported as a finding.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name}() blocks the event loop, and may wait for it forever")


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, those inside it if it is a group, and those that led to it; each once."""
    if error is None:
        return
    seen: set[int] = set()
    todo: list[BaseException | None] = [error]
    while todo:
        link = todo.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        led_to_it = (link.__cause__, link.__context__)
        if isinstance(link, BaseExceptionGroup):
            # Its own traceback ends at the task group, above the lines that failed.
            todo[:0] = [*link.exceptions, *led_to_it]
        elif type(link).__name__ in _CONSEQUENCES and link.__context__ is not None:
            todo[:0] = led_to_it
        else:
            yield link
            todo[:0] = led_to_it


def describe(error: BaseException, request: Request) -> str:
    """Type and message of an error in one line without the passwords of its request."""
    error = next(chain(error), error)
    message = str(error).strip().partition("\n")[0]
    for password in request.passwords:
        message = message.replace(password, "***")
    if len(message) > 200:
        message = f"{message[:200]}..."
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
