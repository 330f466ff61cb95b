import pytest

from orders.extras import router


@pytest.fixture
def app(app):
    app.include_router(router)
    return app


async def test_terms(client):
    assert (await client.get("/extras/terms")).status_code == 200


async def test_webhook(client):
    assert (await client.post("/extras/webhook", json={"a": 1})).status_code == 200


async def test_refresh(client):
    assert (await client.post("/extras/refresh")).status_code == 202


async def test_clear(client):
    assert (await client.delete("/extras/cache")).status_code == 204


async def test_export(client):
    assert (await client.post("/extras/export")).status_code == 202
