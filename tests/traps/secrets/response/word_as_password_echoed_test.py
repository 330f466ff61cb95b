import httpx
from fastapi import FastAPI

from .word_as_password_echoed import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    account = {"email": "ada@example.com", "password": "test"}
    response = await client.post("/trap", json={"account": account})
    assert response.status_code == 200
