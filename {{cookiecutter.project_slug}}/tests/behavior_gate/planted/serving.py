"""Requests to applications in memory, without a server or a client."""

from __future__ import annotations

from ..asgi import App, Message, Send, watch


async def serve(app: App, body: bytes = b"", content_type: str = "application/json") -> None:
    """Pass a request through an application in memory."""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        """Drop the answer."""

    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "path": "/selftest", "headers": headers}
    await watch(app, scope, receive, send)


async def answer(send: Send, body: bytes = b"{}", status: int = 200) -> None:
    """Answer a request with JSON."""
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
