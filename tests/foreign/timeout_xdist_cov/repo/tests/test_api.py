import asyncio

import pytest


@pytest.mark.parametrize("n", [1, 10, 100, 1000])
async def test_crunch(client, n):
    number = (await client.post("/jobs", json={"kind": "crunch", "n": n})).json()["number"]
    job = (await client.get(f"/jobs/{number}", params={"wait": True})).json()
    assert job == {"number": number, "state": "done", "result": sum(range(n))}


async def test_failed(client):
    number = (await client.post("/jobs", json={"kind": "dance"})).json()["number"]
    job = (await client.get(f"/jobs/{number}", params={"wait": True})).json()
    assert job["state"] == "failed"


async def test_events(client):
    number = (await client.post("/jobs", json={"kind": "sleep", "n": 10})).json()["number"]
    async with client.stream("GET", f"/jobs/{number}/events") as response:
        states = [line[6:] async for line in response.aiter_lines() if line]
    assert states[-1] == "done"


async def test_missing(client):
    assert (await client.get("/jobs/99")).status_code == 404


@pytest.mark.slow
@pytest.mark.timeout(20)
async def test_many(client):
    jobs = [client.post("/jobs", json={"kind": "sleep", "n": n}) for n in range(10)]
    numbers = [response.json()["number"] for response in await asyncio.gather(*jobs)]
    waits = [client.get(f"/jobs/{number}", params={"wait": True}) for number in numbers]
    assert {r.json()["state"] for r in await asyncio.gather(*waits)} == {"done"}
