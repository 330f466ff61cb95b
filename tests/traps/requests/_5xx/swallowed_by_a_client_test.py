import httpx
from fastapi import FastAPI

from .swallowed_by_a_client import Prices, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    silent = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=silent, base_url="http://test") as own:
        assert await Prices(own).get() is None
    assert not client.is_closed
