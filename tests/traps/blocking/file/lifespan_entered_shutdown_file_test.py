import httpx
from fastapi import FastAPI

from .lifespan_entered_shutdown_file import make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_client() -> None:
    app = make_app()
    async with app.router.lifespan_context(app), client_of(app) as client:
        assert (await client.post("/trap")).status_code == 200
