import httpx
from fastapi import FastAPI

from .number_as_password_in_extra import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", data={"username": "ada", "password": "1234"})
    assert response.status_code == 200
