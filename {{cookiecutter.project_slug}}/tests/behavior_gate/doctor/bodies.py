"""The functions that stand as tests, each of which runs a coroutine as the suite runs its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from types import FunctionType
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]


def body_of(kind: str, work: Work, options: dict[str, Any], path: str) -> Callable[..., Any]:
    """Make a test function. As a method it takes `self`, which pytest does not count.

    Code of the gate's own may run loops unwatched: it counts as code of the module at `path`.
    """
    if kind in ("async", "unittest"):

        async def awaited(*_: object) -> None:
            await work()

        return awaited

    of_gate: Any = _RUN[kind]
    of_test = FunctionType(of_gate.__code__.replace(co_filename=path), of_gate.__globals__)

    def called(*_: object) -> None:
        of_test(work, options)

    return called


def _by_client(work: Work, options: dict[str, Any]) -> None:
    from starlette.testclient import TestClient

    async def app(scope: object, receive: object, send: Callable[..., Any]) -> None:
        await work()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    client: Any = TestClient
    client(app, **options).get("/")


def _by_portal(work: Work, options: dict[str, Any]) -> None:
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal(**options) as portal:
        portal.call(work)


def _by_new_loop(work: Work, options: dict[str, Any]) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def _by_anyio(work: Work, options: dict[str, Any]) -> None:
    import anyio

    anyio.run(work)


_RUN: dict[str, Callable[[Work, dict[str, Any]], None]] = {
    "client": _by_client,
    "portal": _by_portal,
    "asyncio.run": lambda work, _: asyncio.run(work()),
    "loop": _by_new_loop,
    "anyio.run": _by_anyio,
    "uvloop.run": lambda work, _: sys.modules["uvloop"].run(work()),
}
