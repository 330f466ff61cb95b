import httpx
from fastapi import FastAPI

from .rollback_on_error import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    assert (await client.post("/trap")).status_code == 400
