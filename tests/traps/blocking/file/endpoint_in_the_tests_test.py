import httpx
from fastapi import FastAPI

from .endpoint_in_the_tests import load


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.post("/trap")
    async def trap() -> str:
        return load()

    assert (await client.post("/trap")).status_code == 200
