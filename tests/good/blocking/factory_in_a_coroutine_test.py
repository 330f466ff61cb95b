from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from .factory_in_a_coroutine import make_app


def client_of(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(await make_app()) as client:
        yield client


async def test_client(client: httpx.AsyncClient) -> None:
    assert (await client.post("/trap")).status_code == 200
