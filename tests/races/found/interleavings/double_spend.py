"""The balance is checked first, and then reduced: two payments may both find enough."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 200",
    "B 409 200 200",
    "accounts id=1: balance 40 40 -20",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/payments")
async def pay(account_id: int, amount: int, session: SessionDep) -> None:
    account = Account.id == account_id
    balance = await session.scalar(select(Account.balance).where(account)) or 0  # <-
    if balance < amount:
        raise HTTPException(409)
    paid = update(Account).where(account).values(balance=Account.balance - amount)
    await session.execute(paid)  # <-
    await session.commit()
