"""A client for the WebSockets of an app, on the event loop of the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Scope

LINGER_S = 0.2
"""How long an app may take to notice that the client has left. A server waits no longer."""


class WebSocketClosed(Exception):
    """The app has closed the connection, or has refused it before it was open."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".strip())
        self.code = code
        """The close code (RFC 6455, 7.4), or the HTTP status that refused the handshake."""
        self.reason = reason


class WebSocket:
    """The client's end of a connection."""

    def __init__(self, app: ASGIApp, scope: Scope) -> None:
        self.subprotocol: str | None = None
        self._to_app: asyncio.Queue[Message] = asyncio.Queue()
        self._from_app: asyncio.Queue[Message] = asyncio.Queue()
        self._has_left = False
        self._app = asyncio.create_task(self._run(app, scope), name=f"websocket {scope['path']}")

    async def send_text(self, text: str) -> None:
        await self._send({"text": text})

    async def send_bytes(self, data: bytes) -> None:
        await self._send({"bytes": data})

    async def send_json(self, content: Any) -> None:
        await self.send_text(json.dumps(content))

    async def receive_text(self) -> str:
        """Wait for a text.

        Raises:
            WebSocketClosed: The app has closed the connection.
        """
        text: str = (await self._receive("websocket.send"))["text"]
        return text

    async def receive_bytes(self) -> bytes:
        """Wait for bytes, see `receive_text`."""
        data: bytes = (await self._receive("websocket.send"))["bytes"]
        return data

    async def receive_json(self) -> Any:
        """Wait for a text of JSON, see `receive_text`."""
        return json.loads(await self.receive_text())

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Leave, and wait until the app has noticed. An app that only sends is cancelled."""
        self._has_left = True
        await self._to_app.put({"type": "websocket.disconnect", "code": code, "reason": reason})
        await asyncio.wait({self._app}, timeout=LINGER_S)
        if not self._app.done():
            self._app.cancel()
        with suppress(asyncio.CancelledError):
            await self._app

    async def connect(self) -> None:
        await self._to_app.put({"type": "websocket.connect"})
        self.subprotocol = (await self._receive("websocket.accept")).get("subprotocol")

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        try:
            await app(scope, self._to_app.get, self._deliver)
        finally:
            # Wakes up a client that still waits for a message.
            self._from_app.put_nowait({"type": "websocket.close", "code": 1006})

    async def _deliver(self, message: Message) -> None:
        if self._has_left:
            raise OSError("the client has disconnected")
        await self._from_app.put(message)

    async def _send(self, content: Message) -> None:
        await self._to_app.put({"type": "websocket.receive", **content})

    async def _receive(self, expected: str) -> Message:
        message = await self._from_app.get()
        if message["type"] == "websocket.close":
            if message["code"] == 1006:
                # An error of the app is the cause.
                await self._app
            raise WebSocketClosed(message["code"], message.get("reason") or "")
        if message["type"] == "websocket.http.response.start":
            raise WebSocketClosed(message["status"])
        assert message["type"] == expected, f"the app sent {message} before it accepted"
        return message


@asynccontextmanager
async def websocket(
    app: ASGIApp,
    url: str,
    *,
    base_url: str = "http://test",
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[str] = (),
) -> AsyncIterator[WebSocket]:
    """Open a connection to an app, and close it at the end.

    Raises:
        WebSocketClosed: The app refuses it.
    """
    base, parts = urlsplit(base_url), urlsplit(url)
    path = base.path.rstrip("/") + parts.path
    sent = {"host": base.netloc} | dict(headers or {})
    socket = WebSocket(
        app,
        {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "wss" if base.scheme == "https" else "ws",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in sent.items()],
            "subprotocols": list(subprotocols),
            "client": ("127.0.0.1", 123),
            "server": (base.hostname, base.port or 80),
            "extensions": {"websocket.http.response": {}},
        },
    )
    try:
        await socket.connect()
        yield socket
    finally:
        await socket.close()
