import httpx
from fastapi import FastAPI

from .word_as_password_printed import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    form = {"email": "ada@example.com", "password": "secret"}
    response = await client.post("/trap", json=form)
    assert response.status_code == 200
