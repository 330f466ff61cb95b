"""Two workers, which are no requests, read a balance and write it."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


async def add_interest(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        balance = (await connection.execute(select(Account.balance))).scalar_one()
        await connection.execute(update(Account).values(balance=balance * 2))
