import httpx
from fastapi import FastAPI

from .trap import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    for _ in range(2):
        assert (await client.post("/trap")).status_code == 200
