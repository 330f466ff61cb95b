"""The limit on the size of a request body."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import BodyTooLarge

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
OF_ENDPOINT = "max_body_size"


def max_body_size(size: int) -> Callable[[Endpoint], Endpoint]:
    """Give an endpoint its own limit, in bytes. Write it below the decorator of the route."""

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, OF_ENDPOINT, size)
        return endpoint

    return mark


class BodyLimit:
    """Refuses a body that is too large, before it is in memory.

    A body with a Content-Length is not read at all, and a chunked one up to the limit. One that no
    endpoint reads is not refused: the server discards it. Starlette's own middleware answers in
    plain text, and needs the limit before the settings are read.

    Raises:
        BodyTooLarge: The body is larger than MAX_BODY_SIZE, or than the endpoint's own limit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope["app"].state
        size = declared_size(scope)
        received = 0
        started = refused = False

        async def receive_up_to_limit() -> Message:
            nonlocal received, refused
            # The app reads the body after it has found the endpoint.
            limit = getattr(scope.get("endpoint"), OF_ENDPOINT, None)
            if limit is None:
                limit = state.settings.max_body_size
            message: Message = {}
            if size <= limit:
                message = await receive()
                received += len(message.get("body", b""))
            if max(size, received) > limit:
                refused = not started
                raise BodyTooLarge
            return message

        async def send_unless_refused(message: Message) -> None:
            nonlocal started
            # FastAPI answers 400 to any error while it reads a body.
            if not refused:
                started = True
                await send(message)

        try:
            await self.app(scope, receive_up_to_limit, send_unless_refused)
        except Exception as error:
            if refused:
                raise BodyTooLarge from error
            raise
        if refused:
            raise BodyTooLarge


def declared_size(scope: Scope) -> int:
    """Return the Content-Length in bytes, or 0. The server has refused one that is not a number."""
    values = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(values[0]) if values and values[0].isdigit() else 0
