import asyncio

import pytest
import stock.more
from stock.database import Product


@pytest.fixture(autouse=True)
async def _products(app, session):
    app.container.wire(modules=[stock.more])
    app.include_router(stock.more.router)
    session.add_all(Product(sku=f"sku {n}", amount=n) for n in range(8))
    await session.commit()


async def test_change(client):
    assert (await client.put("/products/sku 1")).status_code == 200


async def test_total(client):
    assert (await client.get("/sum")).json() == 28


async def test_synchronise(client):
    assert (await client.post("/sync")).status_code == 200
    await asyncio.sleep(0.05)
