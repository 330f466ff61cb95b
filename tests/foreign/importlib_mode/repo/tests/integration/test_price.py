import asyncio


async def test_price(client, expected):
    response = await client.get("/price/apple", params={"quantity": 3})
    assert response.json() == expected
    assert response.headers["server"] == "pricing"


async def test_unknown(client):
    response = await client.get("/price/fig")
    assert (response.status_code, response.json()) == (404, {"detail": "unknown: fig"})


async def test_invalid(client):
    assert (await client.get("/price/fig", params={"quantity": "x"})).status_code == 422


async def test_many(client):
    responses = await asyncio.gather(*(client.get("/price/pear") for _ in range(20)))
    assert {response.json()["total"] for response in responses} == {"0.75"}
