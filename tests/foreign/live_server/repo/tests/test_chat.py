import asyncio

import httpx
import pytest
import websockets
import websockets.sync.client

from chat.main import Room


def test_say(server):
    assert httpx.post(f"http://{server}/rooms/a", params={"text": "hi"}).status_code == 202
    assert httpx.get(f"http://{server}/rooms/a").json() == ["hi"]


async def test_async_client(server):
    async with httpx.AsyncClient(base_url=f"http://{server}") as client:
        responses = await asyncio.gather(*(client.get("/rooms/b") for _ in range(5)))
    assert [response.json() for response in responses] == [[]] * 5


async def test_socket(server):
    async with websockets.connect(f"ws://{server}/rooms/c") as one:
        async with websockets.connect(f"ws://{server}/rooms/c") as two:
            await one.send("hello")
            assert await asyncio.wait_for(two.recv(), 2) == "hello"


def test_sync_socket(server):
    with websockets.sync.client.connect(f"ws://{server}/rooms/d") as socket:
        socket.send("hello")
        assert socket.recv(timeout=2) == "hello"


@pytest.mark.parametrize("text", ["one"])
async def test_both(server, text):
    async with httpx.AsyncClient(base_url=f"http://{server}") as client:
        await client.post("/rooms/e", params={"text": text})
        assert (await client.get("/rooms/e")).json() == [text]


def test_room():
    room = Room(size=2)
    for text in "abc":
        room.say(text)
    assert list(room.history) == ["b", "c"]
