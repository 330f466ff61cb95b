"""Shows what passes through the server of aiohttp as if it were an ASGI application."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import ContextVar
from typing import Any

from .asgi import Message, Receive, Send, watch
from .core import Gate
from .on_import import OnImport
from .patches import Patches

#: What the request that is served takes in and sends.
_channel: ContextVar[tuple[Any, Receive, Send] | None] = ContextVar("channel", default=None)


class AiohttpServer:
    """Tells the observers of each request to a server of aiohttp."""

    def __init__(self, gate: Gate) -> None:
        self._patches = Patches(gate, "requests to a server of aiohttp")
        modules = ("aiohttp.web_protocol", "aiohttp.web_request")
        self._on_import = OnImport(modules, self._watch_module)

    def install(self) -> None:
        self._on_import.install()

    def uninstall(self) -> None:
        self._on_import.uninstall()
        self._patches.restore()

    def _watch_module(self, module: str) -> None:
        owner = sys.modules[module]
        if module == "aiohttp.web_request":
            self._patches.replace(owner.BaseRequest, "read", _watched_read)
        else:
            self._patches.replace(owner.RequestHandler, "_handle_request", _watched_handling)
            self._patches.replace(owner.RequestHandler, "finish_response", _watched_response)


def _watched_handling(original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def handle_request(server: Any, request: Any, *args: Any) -> Any:
        result: Any = None

        async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            nonlocal result
            async def send_from_endpoint(message: Message) -> None:
                # Known as soon as the application has routed the request.
                scope["endpoint"] = getattr(getattr(request, "_match_info", None), "handler", None)
                await send(message)

            _channel.set((request, receive, send_from_endpoint))
            result = await original(server, request, *args)

        async def receive() -> Message:
            return {"type": "http.request", "body": request._read_bytes}

        async def send(_: Message) -> None:
            """Leave it to the server."""

        await watch(app, _scope(request), receive, send)
        return result

    return handle_request


def _watched_read(original: Callable[..., Awaitable[bytes]]) -> Callable[..., Any]:
    async def read(request: Any) -> bytes:
        is_read = request._read_bytes is not None
        body = await original(request)
        channel = _channel.get()
        if channel is not None and channel[0] is request and not is_read:
            await channel[1]()
        return body

    return read


def _watched_response(original: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    async def finish_response(server: Any, request: Any, response: Any, *args: Any) -> Any:
        channel = _channel.get()
        if channel is not None and channel[0] is request:
            send, body = channel[2], getattr(response, "body", None)
            headers = _encoded(response.headers)
            await send(
                {"type": "http.response.start", "status": response.status, "headers": headers}
            )
            body = body if isinstance(body, bytes | bytearray) else b""
            await send({"type": "http.response.body", "body": bytes(body)})
        return await original(server, request, response, *args)

    return finish_response


def _scope(request: Any) -> MutableMapping[str, Any]:
    is_websocket = request.headers.get("Upgrade", "").lower() == "websocket"
    return {
        "type": "websocket" if is_websocket else "http",
        "method": request.method,
        "path": request.path,
        "query_string": request.query_string.encode(),
        "headers": _encoded(request.headers),
    }


def _encoded(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
