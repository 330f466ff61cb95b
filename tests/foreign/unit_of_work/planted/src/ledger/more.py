import time

from fastapi import APIRouter

from ledger.api import Service
from ledger.services import AccountService

router = APIRouter()


class Bank(AccountService):
    async def give(self, owner: str, amount: int) -> None:
        async with self.uow:
            account = await self.uow.accounts.get(owner)
            account.balance += amount  # <- database.lost-commit

    async def audit(self) -> None:
        async with self.uow:
            await self.uow.accounts.list()
            time.sleep(0.02)  # <- blocking.sleep

    async def overdraw(self, owner: str) -> None:
        async with self.uow:
            account = await self.uow.accounts.get(owner)
            account.balance = -1  # <- requests.5xx
            await self.uow.commit()


@router.post("/gifts")
async def gift(service: Service) -> None:
    await Bank(service.uow).give("ada", 5)


@router.get("/audit")
async def audit(service: Service) -> None:
    await Bank(service.uow).audit()


@router.post("/overdraw")
async def overdraw(service: Service) -> None:
    await Bank(service.uow).overdraw("nobody")
