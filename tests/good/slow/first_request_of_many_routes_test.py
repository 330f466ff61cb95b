import httpx
from fastapi import FastAPI

from .first_request_of_many_routes import mount


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    mount(app)
    assert (await client.get("/api/rows/7")).json() == {"rows": [{"id": 1}]}
