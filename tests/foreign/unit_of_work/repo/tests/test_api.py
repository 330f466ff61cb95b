import asyncio


async def test_transfer(client):
    for owner, deposit in (("ada", 100), ("grace", 0)):
        body = {"owner": owner, "deposit": deposit}
        assert (await client.post("/accounts", json=body)).status_code == 201

    body = {"source": "ada", "target": "grace", "amount": 100}
    assert (await client.post("/transfers", json=body)).status_code == 204
    assert (await client.post("/transfers", json=body)).status_code == 409
    assert (await client.get("/accounts")).json() == {"ada": 0, "grace": 100}


async def test_simultaneous_transfers(concurrent_client):
    client = concurrent_client
    for owner, deposit in (("ada", 100), ("grace", 0)):
        await client.post("/accounts", json={"owner": owner, "deposit": deposit})

    body = {"source": "ada", "target": "grace", "amount": 30}
    responses = await asyncio.gather(*(client.post("/transfers", json=body) for _ in range(5)))

    assert sorted(r.status_code for r in responses) == [204, 204, 204, 409, 409]
    assert (await client.get("/accounts")).json() == {"ada": 10, "grace": 90}
