import asyncio
from collections.abc import MutableMapping
from typing import Any

import httpx
from fastapi import FastAPI

from .look_ups_of_a_websocket import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    incoming: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    incoming.put_nowait({"type": "websocket.connect"})
    for text in [*(f"user{n}" for n in range(8)), "bye"]:
        incoming.put_nowait({"type": "websocket.receive", "text": text})
    sent: list[str | None] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message.get("text"))

    scope = {
        "type": "websocket",
        "path": "/socket",
        "raw_path": b"/socket",
        "headers": [],
        "query_string": b"",
        "root_path": "",
        "scheme": "ws",
        "subprotocols": [],
    }
    await app(scope, incoming.get, send)
    assert sent == [None, *["answer"] * 8, None]
