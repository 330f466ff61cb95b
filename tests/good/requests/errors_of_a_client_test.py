import httpx
import pytest
from fastapi import FastAPI

from .errors_of_a_client import Prices, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    prices = Prices(client)

    assert await prices.get("tea") == 1
    for _ in range(2):
        with pytest.raises(httpx.HTTPStatusError):
            await prices.get("none")
