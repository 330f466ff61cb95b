"""What a cancellation interrupts is logged, and goes on to those who wait for it."""

import logging

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: SessionDep) -> None:
    try:
        account = await session.get_one(Account, account_id, with_for_update=True)
        account.balance += amount
        await session.commit()
    except BaseException:
        logging.getLogger(__name__).info("a deposit has not come to its end")
        raise
