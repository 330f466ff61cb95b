from ledger.domain import Account, NotEnoughMoney
from ledger.unit_of_work import UnitOfWork


class AccountService:
    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow

    async def open(self, owner: str, deposit: int) -> Account:
        async with self.uow:
            account = Account(owner=owner, balance=deposit)
            self.uow.accounts.add(account)
            await self.uow.commit()
            return account

    async def transfer(self, source: str, target: str, amount: int) -> None:
        async with self.uow:
            payer = await self.uow.accounts.get(source, lock=True)
            payee = await self.uow.accounts.get(target, lock=True)
            if payer is None or payee is None:
                raise LookupError(source if payer is None else target)
            if payer.balance < amount:
                raise NotEnoughMoney(source)
            payer.balance -= amount
            payee.balance += amount
            await self.uow.commit()

    async def list(self) -> list[Account]:
        async with self.uow:
            return await self.uow.accounts.list()
