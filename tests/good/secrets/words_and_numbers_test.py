import httpx
from fastapi import FastAPI

from .words_and_numbers import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    for password in ("reset", "1234567", "password", "order"):
        response = await client.post("/trap", json={"password": password})
        assert response.status_code == 200
