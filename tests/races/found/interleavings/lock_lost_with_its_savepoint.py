"""A lock that is taken in a savepoint ends when that is rolled back."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A3|B*|A, A4|B*|A, B3|A*|B, B4|A*|B"
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
    locked = select(Account.balance).where(Account.id == account_id).with_for_update()
    trial = await session.begin_nested()
    balance = await session.scalar(locked) or 0  # <-
    await trial.rollback()  # <-
    await session.execute(
        update(Account).where(Account.id == account_id).values(balance=balance + amount)
    )
    await session.commit()
