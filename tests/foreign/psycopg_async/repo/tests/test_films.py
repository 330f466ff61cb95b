import asyncio

import pytest
from catalogue.app import Film
from sqlalchemy import select


@pytest.mark.parametrize("run", [1, 2])
async def test_add(client, session, run):
    assert (await client.post("/films/Metropolis")).json() == 1
    assert (await session.scalars(select(Film.title))).all() == ["Metropolis"]


async def test_list(client, session):
    session.add_all([Film(title="Playtime"), Film(title="Metropolis")])
    assert (await client.get("/films")).json() == ["Metropolis", "Playtime"]


async def test_simultaneous(client):
    responses = await asyncio.gather(*(client.post("/films/Metropolis") for _ in range(5)))
    assert sorted(r.status_code for r in responses) == [201, 409, 409, 409, 409]
