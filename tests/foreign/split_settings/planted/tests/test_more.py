import pytest
from orders.db import Order
from orders.more import router


@pytest.fixture(autouse=True)
def _more(app):
    app.include_router(router)


async def test_rename(client, session):
    session.add(Order(text="tea"))
    assert (await client.put("/orders", params={"text": "cake"})).status_code == 200


async def test_address(client):
    assert (await client.get("/address")).status_code == 200


async def test_first(client):
    assert (await client.get("/first")).status_code == 200
