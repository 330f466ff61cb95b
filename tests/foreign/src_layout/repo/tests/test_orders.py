import asyncio
import logging


async def test_create(client, payload, app):
    response = await client.post("/orders", json=payload)
    assert response.status_code == 201
    assert response.json()["left"] == {"apple": 8, "pear": 2}
    assert [to for to, _ in app.state.mailer.sent] == ["ada@example.com"]
    assert "of 2 items" in app.state.mailer.sent[0][1]


async def test_read(client, payload):
    number = (await client.post("/orders", json=payload)).json()["number"]
    response = await client.get(f"/orders/{number}")
    assert response.status_code == 200
    assert response.json() == payload
    assert (await client.get("/orders")).json() == [{"number": number, "name": "Ada"}]


async def test_missing(client):
    assert (await client.get("/orders/none")).status_code == 404


async def test_out_of_stock(client, payload):
    payload["items"]["pear"] = 4
    response = await client.post("/orders", json=payload)
    assert response.status_code == 409
    assert response.json() == {"detail": "out of stock: pear"}


async def test_invalid(client):
    response = await client.post("/orders", json={"name": "", "email": "x", "items": {}})
    assert response.status_code == 422


async def test_retries(client, payload, stock):
    stock.failures = 2
    payload["items"] = {"apple": 1}
    assert (await client.post("/orders", json=payload)).status_code == 201


async def test_stock_is_down(client, payload, stock):
    stock.failures = 99
    response = await client.post("/orders", json=payload)
    assert response.status_code == 503
    assert response.json() == {"detail": "stock is down"}


async def test_report_without_orders(client):
    # known bug, see #112
    response = await client.get("/report")
    assert response.status_code == 500


async def test_many_at_once(client, payload):
    payload["items"] = {"apple": 1}
    responses = await asyncio.gather(*(client.post("/orders", json=payload) for _ in range(10)))
    assert [response.status_code for response in responses] == [201] * 10


async def test_request_id(client, caplog):
    caplog.set_level(logging.INFO, logger="orders")
    response = await client.get("/health", headers={"x-request-id": "abc"})
    assert response.headers["x-request-id"] == "abc"
    assert "GET /health -> 200" in caplog.text
