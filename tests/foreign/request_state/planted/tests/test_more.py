import pytest
from notes.more import router

pytestmark = pytest.mark.asyncio


@pytest.fixture(autouse=True)
def _more(app):
    app.include_router(router)


async def test_lengths(client):
    assert (await client.get("/lengths")).status_code == 200


async def test_draft(client):
    assert (await client.post("/drafts", params={"text": "tea"})).status_code == 200


async def test_files(client):
    assert (await client.get("/files")).status_code == 200


async def test_one(client):
    assert (await client.get("/notes/1")).status_code == 200
