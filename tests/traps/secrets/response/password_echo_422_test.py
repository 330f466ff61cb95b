import httpx
from fastapi import FastAPI

from .password_echo_422 import make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_client() -> None:
    async with client_of(make_app()) as client:
        response = await client.post("/trap", json={"password": "correct horse"})
    assert response.status_code == 422
