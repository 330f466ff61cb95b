import asyncio
import unittest

import httpx
import pytest
from fastapi import FastAPI

from .errors_made_by_a_client import (
    PriceError,
    PriceResponseError,
    Prices,
    PriceStatusError,
    router,
)

WAYS = {
    "from": PriceError,
    "from none": PriceError,
    "from its cause": PriceStatusError,
    "in a helper": PriceError,
    "after it": PriceResponseError,
    "by its status": PriceError,
    "by a part": PriceError,
    "of an error of its own": RuntimeError,
}


async def test_client(app: FastAPI, client: httpx.AsyncClient) -> None:
    app.include_router(router)
    prices = Prices(client)

    for way, error in WAYS.items():
        with pytest.raises(error):
            await prices.get(way)

    with unittest.TestCase().assertRaises(PriceError):  # noqa: PT027
        await prices.get("from")

    with pytest.RaisesGroup(PriceError):
        async with asyncio.TaskGroup() as group:
            group.create_task(prices.get("from"))

    raising = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=raising, base_url="http://test") as strict:
        with pytest.raises(PriceError):
            await Prices(strict).get_broken()
