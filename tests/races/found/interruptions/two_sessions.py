"""Each half of a transfer has a session of its own."""

from fastapi import APIRouter, Request
from sqlalchemy import Update, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

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
        async with request.app.state.sessionmaker.begin() as session:
            await session.execute(add(account_id, amount))

    await change(1, -amount)
    await change(2, amount)
