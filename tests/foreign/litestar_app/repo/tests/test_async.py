import asyncio

from weather.service import Reading, Stations


async def test_index(async_client):
    response = await async_client.get("/")
    assert response.status_code == 200


async def test_many(async_client):
    await asyncio.gather(
        *(async_client.post("/stations/a/readings", json={"celsius": n}) for n in range(5))
    )
    assert (await async_client.get("/stations/a/mean")).json() == {"mean": 2}


async def test_forecast(async_client):
    assert (await async_client.get("/forecast", params={"days": 2})).json() == [0, 1]


async def test_broken(async_client):
    assert (await async_client.get("/broken")).status_code == 500


async def test_stations():
    stations = Stations()
    worker = asyncio.create_task(stations.work())
    await stations.add(Reading("x", 1))
    assert await stations.mean("x") == 1
    worker.cancel()
