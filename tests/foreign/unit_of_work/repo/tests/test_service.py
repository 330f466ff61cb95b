import pytest
from ledger.domain import Account, NotEnoughMoney
from ledger.services import AccountService
from ledger.unit_of_work import UnitOfWork


@pytest.fixture
async def service(app):
    service = AccountService(UnitOfWork())
    await service.open("ada", 100)
    await service.open("grace", 0)
    return service


async def test_transfer(service):
    await service.transfer("ada", "grace", 30)
    assert await service.list() == [
        Account("ada", 70, id=1),
        Account("grace", 30, id=2),
    ]


async def test_not_enough_money(service):
    with pytest.raises(NotEnoughMoney):
        await service.transfer("grace", "ada", 1)
