import httpx
from fastapi import FastAPI

from .errors import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/nowhere")).status_code == 404
    assert (await client.post("/trap")).status_code == 422
    assert (await client.post("/trap?number=1")).status_code == 409
