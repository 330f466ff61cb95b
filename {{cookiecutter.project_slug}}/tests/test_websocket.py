"""The WebSocket client behaves as a browser would."""

import asyncio

import pytest
from fastapi import FastAPI, WebSocket, WebSocketDisconnect, WebSocketException, status

from tests.isolation.fixtures import ConnectWebSocket
from tests.isolation.websocket import WebSocketClosed


async def test_texts_bytes_and_json_are_echoed(
    app: FastAPI, connect_websocket: ConnectWebSocket
) -> None:
    left: list[int] = []

    @app.websocket("/echo/{name}")
    async def echo(socket: WebSocket, name: str, times: int) -> None:
        await socket.accept(subprotocol=socket.scope["subprotocols"][0])
        await socket.send_json({"name": name, "times": times, "who": socket.headers["x-who"]})
        try:
            await socket.send_text(await socket.receive_text())
            await socket.send_bytes(await socket.receive_bytes())
            await socket.send_json(await socket.receive_json())
            await socket.receive_text()
        except WebSocketDisconnect as error:
            left.append(error.code)

    async with connect_websocket(
        "/echo/a%20b?times=3", headers={"X-Who": "ada"}, subprotocols=["v1"]
    ) as socket:
        assert socket.subprotocol == "v1"
        assert await socket.receive_json() == {"name": "a b", "times": 3, "who": "ada"}
        await socket.send_text("text")
        assert await socket.receive_text() == "text"
        await socket.send_bytes(b"bytes")
        assert await socket.receive_bytes() == b"bytes"
        await socket.send_json({"a": [1, None]})
        assert await socket.receive_json() == {"a": [1, None]}

    assert left == [1000]


async def test_a_handshake_that_is_refused_says_why(
    app: FastAPI, connect_websocket: ConnectWebSocket
) -> None:
    @app.websocket("/private")
    async def private(socket: WebSocket) -> None:
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "log in first")

    with pytest.raises(WebSocketClosed, match="closed with 1008 log in first"):
        async with connect_websocket("/private"):
            pass


async def test_a_path_that_does_not_exist_is_refused(connect_websocket: ConnectWebSocket) -> None:
    with pytest.raises(WebSocketClosed) as caught:
        async with connect_websocket("/nowhere"):
            pass

    assert caught.value.code == 1000


async def test_a_connection_that_the_app_closes_has_its_code(
    app: FastAPI, connect_websocket: ConnectWebSocket
) -> None:
    @app.websocket("/short")
    async def short(socket: WebSocket) -> None:
        await socket.accept()
        await socket.close(4001, "enough")

    async with connect_websocket("/short") as socket:
        with pytest.raises(WebSocketClosed, match="closed with 4001 enough"):
            await socket.receive_text()


async def test_an_error_of_the_app_reaches_the_test(
    app: FastAPI, connect_websocket: ConnectWebSocket
) -> None:
    @app.websocket("/broken")
    async def broken(socket: WebSocket) -> None:
        await socket.accept()
        raise LookupError("no such room")

    with pytest.raises(LookupError, match="no such room"):
        async with connect_websocket("/broken") as socket:
            await socket.receive_text()


async def test_an_app_that_only_sends_is_cancelled_when_the_client_has_left(
    app: FastAPI, connect_websocket: ConnectWebSocket
) -> None:
    ended: list[str] = []

    @app.websocket("/ticks")
    async def ticks(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("tick")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ticks")

    async with connect_websocket("/ticks") as socket:
        assert await socket.receive_text() == "tick"

    assert ended == ["ticks"]
