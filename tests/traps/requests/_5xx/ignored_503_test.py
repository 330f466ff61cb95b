import httpx
from fastapi import FastAPI

from .ignored_503 import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code != 201
