import asyncio

import httpx
from fastapi import FastAPI

from .listening_on_the_pool import listens, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    waiting = asyncio.create_task(client.get("/jobs"))
    await listens.wait()
    assert (await client.post("/jobs")).status_code == 200
    assert (await waiting).json() == "one"
