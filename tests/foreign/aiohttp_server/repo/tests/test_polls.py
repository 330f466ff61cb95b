import asyncio
import os
import signal

import pytest

from polls.client import Polls, PollsError
from polls.main import init_app, load_config, serve


async def test_index(client):
    response = await client.get("/")
    assert await response.text() == "Polls"


async def test_vote(client):
    for choice in ("cat", "dog", "cat"):
        response = await client.post(f"/polls/pets/{choice}")
        assert response.status == 202
    response = await client.get("/polls/pets")
    assert await response.json() == {"cat": 2, "dog": 1}


async def test_no_poll(client):
    response = await client.get("/polls/none")
    assert response.status == 404


async def test_boom(client):
    response = await client.get("/boom")
    assert response.status == 500
    assert await response.json() == {"error": "internal"}


@pytest.mark.parametrize("way", [Polls.result, Polls.title])
async def test_client(client, way):
    with pytest.raises(PollsError):
        await way(Polls(client), "/boom")


async def test_ping(client):
    assert await (await client.get("/ping")).text() == "Polls"


async def test_live(client):
    async with client.ws_connect("/live") as socket:
        await client.post("/polls/pets/cat")
        assert await socket.receive_json() == {"choice": "cat"}
        await socket.send_str("close")
        await socket.receive()


async def test_socket_left_open(client):
    socket = await client.ws_connect("/live")
    assert not socket.closed


async def test_download(client):
    assert (await (await client.get("/download")).json())["title"] == "Polls"


@pytest.mark.parametrize("title", ["A", "B"])
async def test_title(aiohttp_client, title):
    client = await aiohttp_client(await init_app({"title": title}))
    assert await (await client.get("/")).text() == title


async def test_signal(app):
    stop = asyncio.Event()
    server = asyncio.create_task(serve(app, stop))
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.wait_for(server, 1)
    assert load_config()["title"] == "Polls"
