"""What fails in a savepoint is undone and ignored, and the half before it is committed."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import Update, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "cancel"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 200 CancelledError",
    "accounts id=1: balance 100 99 99",
    "accounts id=2: balance 0 1 0",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


def add(account_id: int, amount: int) -> Update:
    same = update(Account).where(Account.id == account_id)
    return same.values(balance=Account.balance + amount)


@router.post("/transfers")
async def transfer(amount: int, session: SessionDep) -> None:
    await session.execute(add(1, -amount))
    try:
        async with session.begin_nested():
            await session.execute(add(2, amount))
            await asyncio.sleep(0)  # <-
    except asyncio.CancelledError:
        await session.commit()
        raise
    await session.commit()
