from sqlalchemy import select
from stock.database import Product


async def test_add(client, session):
    assert (await client.post("/products/tea", params={"amount": 3})).status_code == 201
    assert (await session.scalar(select(Product.amount))) == 3


async def test_add_twice(client):
    assert (await client.post("/products/tea")).status_code == 201
    assert (await client.post("/products/tea")).status_code == 409
    assert (await client.get("/products")).json() == {"tea": 0}


async def test_amounts(client, session):
    session.add_all(Product(sku=sku, amount=len(sku)) for sku in ("tea", "coffee"))
    assert (await client.get("/products")).json() == {"tea": 3, "coffee": 6}


async def test_service(app):
    products = app.container.products()
    await products.add("tea", 1)
    assert await products.amounts() == {"tea": 1}
