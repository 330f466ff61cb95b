from orders.db import Order
from orders.settings import Settings
from sqlalchemy import select, text


async def test_place(client, session):
    assert (await client.post("/orders", params={"text": "tea"})).status_code == 201
    assert await session.scalar(select(Order.text)) == "tea"


async def test_other_host(client):
    response = await client.get("/orders", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert response.text == "Invalid host header"


async def test_updates(connect_websocket, session):
    session.add(Order(text="tea"))
    async with connect_websocket("/updates") as socket:
        assert await socket.receive_json() == ["tea"]


async def test_settings(app, session):
    settings = Settings()
    assert settings.DB_HOST == "127.0.0.1"
    assert await session.scalar(text("SELECT current_database()")) == settings.DB_NAME
