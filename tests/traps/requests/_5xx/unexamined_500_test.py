import asyncio

import httpx
from fastapi import FastAPI

from .unexamined_500 import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    raising = httpx.ASGITransport(app=app)

    async def post() -> None:
        async with httpx.AsyncClient(transport=raising, base_url="http://test") as own:
            await own.post("/trap")

    await asyncio.gather(post(), post(), return_exceptions=True)
    assert not client.is_closed
