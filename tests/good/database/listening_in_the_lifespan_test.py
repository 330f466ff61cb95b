import asyncio

import httpx
from fastapi import FastAPI

from tests.isolation import running

from .listening_in_the_lifespan import create_app, waits


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    own = create_app(app.state.settings.database_url)
    transport = httpx.ASGITransport(app=own)
    async with running(own), httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        waiting = asyncio.create_task(http.get("/jobs"))
        await waits.wait()
        assert (await http.post("/jobs")).status_code == 200
        assert (await waiting).json() == "one"
    assert not client.is_closed
