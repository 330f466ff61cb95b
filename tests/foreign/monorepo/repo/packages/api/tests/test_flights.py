import asyncio

import pytest
from travel_api._vendor.slugify import slugify
from travel_core.rates import FileSource, Rates


@pytest.mark.parametrize(("currency", "price"), [("EUR", 100), ("USD", 110)])
async def test_flight(client, currency, price):
    response = await client.get("/flights/tf-1", params={"currency": currency})
    assert response.json() == {"slug": "first-flight", "price": price}


async def test_missing(client):
    assert (await client.get("/flights/none")).status_code == 404


async def test_refresh(client, source):
    assert (await client.post("/rates")).status_code == 204
    assert source.calls == 2


async def test_waits_for_rates():
    rates = Rates(FileSource())
    waiting = asyncio.create_task(rates.get("EUR"))
    await asyncio.sleep(0)
    await rates.refresh()
    assert await waiting == 1


def test_slug():
    assert slugify("A  B!") == "a-b"
