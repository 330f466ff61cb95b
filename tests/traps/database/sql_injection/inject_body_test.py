import httpx
from fastapi import FastAPI

from .inject_body import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap?sort=created_at&q=ada+l", json={"email": "ada@example.com"})
    assert response.status_code == 200
