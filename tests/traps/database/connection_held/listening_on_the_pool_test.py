import asyncio

import httpx
from fastapi import FastAPI

from .listening_on_the_pool import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    waiting = asyncio.create_task(client.get("/jobs"))
    await asyncio.sleep(0.02)
    assert (await client.post("/jobs")).status_code == 200
    assert (await waiting).json() == "one"
