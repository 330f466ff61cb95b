import httpx
from fastapi import FastAPI

from .password_in_an_event import router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    response = await client.post("/trap", json={"password": "hunter2"})
    assert response.status_code == 200
