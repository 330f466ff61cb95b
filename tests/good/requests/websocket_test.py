import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
from fastapi import FastAPI

from .websocket import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    for message in ({"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}):
        incoming.put_nowait(message)
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/echo",
        "raw_path": b"/echo",
        "headers": [],
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "subprotocols": [],
    }
    await app(scope, incoming.get, send)
    assert [m["type"] for m in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[1]["text"] == "hello"
