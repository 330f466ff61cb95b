import json
from typing import Any

from fastapi import FastAPI

from .password_over_a_socket import router


async def test_client(app: FastAPI) -> None:
    app.include_router(router)
    incoming = iter(
        (
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": json.dumps({"password": "hunter2"})},
        )
    )
    outgoing: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(incoming)

    async def send(message: Any) -> None:
        outgoing.append(message["type"])

    scope = {"type": "websocket", "path": "/trap", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    assert outgoing == ["websocket.accept", "websocket.send", "websocket.close"]
