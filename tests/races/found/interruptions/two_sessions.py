"""Each half of a transfer has a session of its own."""

from fastapi import APIRouter, Request
from sqlalchemy import Update, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "cancel, kill@3, kill@4, commit@1"
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
async def transfer(amount: int, request: Request) -> None:
    async def change(account_id: int, amount: int) -> None:
        async with request.app.state.sessionmaker.begin() as session:  # <-
            await session.execute(add(account_id, amount))

    await change(1, -amount)
    await change(2, amount)
