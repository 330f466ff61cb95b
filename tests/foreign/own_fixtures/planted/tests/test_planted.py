import httpx
import pytest

from notes.main import app
from notes.database import Note
from notes.planted import router

app.include_router(router)


@pytest.fixture
async def notes(session):
    session.add_all(Note(text=str(number)) for number in range(8))
    await session.commit()


@pytest.mark.parametrize("path", ["backup", "each", "later"])
async def test_get(client, notes, path):
    assert (await client.get(f"/planted/{path}")).status_code == 200


async def test_broken(session):
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        await client.get("/planted/broken")


async def test_delete_all(client, notes):
    assert (await client.delete("/planted/all")).status_code == 200
