"""Who is in which room of the chat, in this process."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect


class Rooms:
    def __init__(self) -> None:
        self._sockets: defaultdict[str, set[WebSocket]] = defaultdict(set)

    @contextmanager
    def joined(self, room: str, socket: WebSocket) -> Iterator[None]:
        """Keep a socket in a room while the body runs."""
        self._sockets[room].add(socket)
        try:
            yield
        finally:
            self._sockets[room].discard(socket)
            if not self._sockets[room]:
                del self._sockets[room]

    def count(self, room: str) -> int:
        return len(self._sockets[room]) if room in self._sockets else 0

    async def broadcast(self, room: str, message: dict[str, Any]) -> None:
        """Send a message to everybody in a room. Who has left meanwhile is passed over."""
        for socket in list(self._sockets.get(room, ())):
            try:
                await socket.send_json(message)
            except (RuntimeError, WebSocketDisconnect):
                self._sockets[room].discard(socket)
