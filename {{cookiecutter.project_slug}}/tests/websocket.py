"""The client for WebSockets, which `connect_websocket` uses."""

from .isolation.websocket import WebSocket, WebSocketClosed, websocket

__all__ = ["WebSocket", "WebSocketClosed", "websocket"]
