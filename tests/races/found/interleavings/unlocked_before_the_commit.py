"""An advisory lock is given back before the transaction that it protects is committed."""

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A5|B*|A, B5|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "accounts id=1: balance 120 120 110",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: SessionDep) -> None:
    await session.execute(select(func.pg_advisory_lock(account_id)))  # <-
    try:
        account = await session.get_one(Account, account_id)
        account.balance += amount
        await session.flush()
    finally:
        await session.execute(select(func.pg_advisory_unlock(account_id)))
    await session.commit()  # <-
