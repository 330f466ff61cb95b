import pytest_asyncio
from heroes.models import Hero


@pytest_asyncio.fixture
async def deadpond(session):
    hero = Hero(name="Deadpond")
    session.add(hero)
    await session.commit()
    return hero
