import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI

from .trap import make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_client() -> None:
    app = make_app()
    async with LifespanManager(app), client_of(app) as client:
        response = await client.post("/trap")
    assert response.status_code == 200
