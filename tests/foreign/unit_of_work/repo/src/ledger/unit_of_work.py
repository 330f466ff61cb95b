from types import TracebackType
from typing import Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from ledger.config import DATABASE_URL
from ledger.domain import Account

SESSION_FACTORY = async_sessionmaker(
    bind=create_async_engine(DATABASE_URL, isolation_level="READ COMMITTED"),
    expire_on_commit=False,
)


class AccountRepository:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, account: Account) -> None:
        self._session.add(account)

    async def get(self, owner: str, *, lock: bool = False) -> Account | None:
        query = select(Account).filter_by(owner=owner)
        return await self._session.scalar(query.with_for_update() if lock else query)

    async def list(self) -> list[Account]:
        return list(await self._session.scalars(select(Account).order_by(Account.owner)))


class UnitOfWork:
    def __init__(self, session_factory: async_sessionmaker[AsyncSession] = SESSION_FACTORY) -> None:
        self.session_factory = session_factory

    async def __aenter__(self) -> Self:
        self._session = self.session_factory()
        self.accounts = AccountRepository(self._session)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def commit(self) -> None:
        await self._session.commit()
