import httpx
from fastapi import FastAPI

from .trap import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap")
    assert response.status_code == 200
    assert len(response.content) > 100
