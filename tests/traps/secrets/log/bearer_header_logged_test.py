import httpx
from fastapi import FastAPI

from .bearer_header_logged import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    headers = {"Authorization": "Bearer 2f6c9a1be07d4c3e"}
    response = await client.post("/trap", headers=headers)
    assert response.status_code == 200
