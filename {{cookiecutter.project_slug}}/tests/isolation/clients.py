"""The app of a test, and its clients."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx

from .apps import restored, served
from .database import Isolation
from .websocket import WebSocket, websocket


class RunningApp:
    """The app on the database of a test. It starts when it is first asked for."""

    def __init__(self, isolation: Isolation, app_under_test: Any) -> None:
        self._isolation = isolation
        self._running_app = app_under_test.running_app
        self._base_url: str = getattr(app_under_test, "base_url", "http://test")
        self._app: Any = None
        self._client: httpx.AsyncClient | None = None
        self._contexts = AsyncExitStack()

    async def app(self) -> Any:
        __tracebackhide__ = True
        if self._app is None:
            running = self._running_app(self._isolation.database_url)
            app = await self._contexts.enter_async_context(running)
            self._contexts.enter_context(restored(app))
            self._app = app
        return self._app

    async def client(self) -> httpx.AsyncClient:
        if self._client is None:
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(served(await self.app())),
                base_url=self._base_url,
                event_hooks={"request": [self._isolation.before_request]},
            )
            self._client = await self._contexts.enter_async_context(client)
        return self._client

    @asynccontextmanager
    async def connect_websocket(
        self, url: str, *, headers: dict[str, str] | None = None, subprotocols: Sequence[str] = ()
    ) -> AsyncIterator[WebSocket]:
        await self._isolation.before_request()
        async with websocket(
            served(await self.app()),
            url,
            base_url=self._base_url,
            headers=headers,
            subprotocols=subprotocols,
        ) as socket:
            yield socket

    async def stop(self) -> None:
        await self._contexts.aclose()
