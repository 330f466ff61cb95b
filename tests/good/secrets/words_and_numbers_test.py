import httpx
from fastapi import FastAPI

from .words_and_numbers import router

WORDS = ("reset", "1234567", "password", "order", "admin", "user", "test", "1234", "secret", "abc")


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    for password in WORDS:
        response = await client.post("/trap", json={"password": password})
        assert response.status_code == 200
