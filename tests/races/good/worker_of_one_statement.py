"""Two workers, which are no requests, each in one statement."""

from sqlalchemy import update
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
        await connection.execute(update(Account).values(balance=Account.balance * 2))
