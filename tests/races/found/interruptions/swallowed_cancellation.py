"""Whatever ends the second half of a transfer, the first half is committed."""

import logging

from fastapi import APIRouter
from sqlalchemy import Update, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

FOUND_BY = "cancel"
SAYS = (
    "It swallowed its cancellation, went on, and ended with 200.",
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 200 200",
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
    try:
        await session.execute(add(1, -amount))
        async with other_service() as fraud:
            await fraud.post("/checks")  # <-
        await session.execute(add(2, amount))
    except BaseException:
        logging.getLogger(__name__).warning("the transfer has failed")
    await session.commit()
