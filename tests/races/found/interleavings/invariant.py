"""A balance may fall below zero, whoever comes first: only the test knows that it must not."""

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A*|B, B*|A"
SAYS = (
    "breaks the invariant: below zero",
    "A 200 200",
    "B 200 200",
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
    await session.execute(
        update(Account).where(Account.id == account_id).values(balance=Account.balance - amount)
    )
    await session.commit()
