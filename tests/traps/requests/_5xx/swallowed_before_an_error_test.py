import httpx
import pytest
from fastapi import FastAPI

from .swallowed_before_an_error import NoPriceError, Prices, router


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    with pytest.raises(NoPriceError):
        await Prices(client).get()
