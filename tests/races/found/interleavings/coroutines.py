"""Two workers, which are no requests, read a balance and write it."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A returned returned returned",
    "B returned returned returned",
    "accounts id=1: balance 4 4 2",
)


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


async def add_interest(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        balance = (await connection.execute(select(Account.balance))).scalar_one()  # <-
        await connection.execute(update(Account).values(balance=balance * 2))  # <-
