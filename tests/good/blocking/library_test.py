from typing import Any

import httpx

from .library import FRAMEWORK, middleware, router


def client_of(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


async def test_client() -> None:
    FRAMEWORK.include_router(router)
    async with client_of(middleware) as client:
        assert (await client.post("/trap")).json() == httpx.__version__
