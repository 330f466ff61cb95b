import asyncio

import httpx
from fastapi import FastAPI

from .race_500 import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    responses = await asyncio.gather(
        *(client.post("/trap") for _ in range(2)), return_exceptions=True
    )
    assert 200 in [getattr(response, "status_code", None) for response in responses]
