"""Which request of the app the running code belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from .errors import IsolationError


class Request:
    """A request of the app, until its response has been sent."""

    def __init__(self) -> None:
        self.goes_on = True


#: Tasks that a request starts inherit it.
current_request: ContextVar[Request | None] = ContextVar("current_request", default=None)


@contextmanager
def request() -> Iterator[None]:
    """Run a request of the app."""
    running = Request()
    token = current_request.set(running)
    try:
        yield
    except IsolationError as error:
        error.has_left_the_app = True
        raise
    finally:
        running.goes_on = False
        current_request.reset(token)
