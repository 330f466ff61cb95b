import httpx
from fastapi import FastAPI

from .session_of_a_module import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 200
    assert (await client.post("/trap")).status_code == 200
