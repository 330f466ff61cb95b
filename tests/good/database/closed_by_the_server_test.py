import httpx
from fastapi import FastAPI

from .closed_by_the_server import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)

    response = await client.post("/trap")

    assert response.status_code == 422
