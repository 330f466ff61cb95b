import asyncio

import pytest
from places.app import Place
from sqlalchemy import func, select


@pytest.mark.parametrize("run", [1, 2])
async def test_add(isolated_client, isolated_session, run):
    assert (await isolated_client.post("/places/paris")).json() == 1
    assert (await isolated_session.scalars(select(Place.name))).all() == ["paris"]


async def test_engine(isolated_engine, engine, session):
    assert isolated_engine.dialect.name == "postgresql"
    assert await session.scalar(select(func.count()).select_from(Place)) == 0


async def test_simultaneous(concurrent_client):
    names = ("paris", "rome", "oslo")
    responses = await asyncio.gather(*(concurrent_client.post(f"/places/{n}") for n in names))
    assert [r.status_code for r in responses] == [201, 201, 201]
