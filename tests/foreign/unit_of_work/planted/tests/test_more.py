import pytest
from ledger.more import router
from ledger.services import AccountService
from ledger.unit_of_work import UnitOfWork


@pytest.fixture(autouse=True)
async def _ada(app):
    app.include_router(router)
    await AccountService(UnitOfWork()).open("ada", 100)


async def test_gift(client):
    assert (await client.post("/gifts")).status_code == 200


async def test_audit(client):
    assert (await client.get("/audit")).status_code == 200


async def test_overdraw(client):
    assert (await client.post("/overdraw")).status_code == 200
