"""Requests that go wrong."""

from __future__ import annotations

import asyncio
import contextlib

from ..asgi import Send
from .serving import answer, serve


async def return_500() -> None:
    async def application(scope: object, receive: object, send: Send) -> None:
        await answer(send, status=500)

    await serve(application)


async def crash() -> None:
    async def application(scope: object, receive: object, send: object) -> None:
        raise LookupError("an error that no handler maps to a status")

    with contextlib.suppress(LookupError):
        await serve(application)


async def fail_after_answer() -> None:
    async def application(scope: object, receive: object, send: Send) -> None:
        await answer(send)
        raise LookupError("an error of a background task")

    with contextlib.suppress(LookupError):
        await serve(application)


async def never_answer() -> None:
    async def application(scope: object, receive: object, send: object) -> None:
        await asyncio.Event().wait()

    await serve(application)
