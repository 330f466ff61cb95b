import asyncio

import httpx
from fastapi import FastAPI

from .task_that_ends import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
    await asyncio.sleep(0.05)
