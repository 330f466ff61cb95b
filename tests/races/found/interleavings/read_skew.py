"""A report adds up two balances in two reads, and a transfer comes between."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 201 201",
    "B 200 200 200",
    "reports rows (total=100) 1 1 0",
    "reports rows (total=101) 0 0 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Report(Base):
    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int]


@router.post("/reports", status_code=201)
async def report(session: SessionDep) -> None:
    balance = select(Account.balance)
    first = await session.scalar(balance.where(Account.id == 1)) or 0  # <-
    second = await session.scalar(balance.where(Account.id == 2)) or 0  # <-
    session.add(Report(total=first + second))
    await session.commit()


@router.post("/transfers")
async def transfer(amount: int, session: SessionDep) -> None:
    for account_id, change in ((1, -amount), (2, amount)):
        await session.execute(
            update(Account).where(Account.id == account_id).values(balance=Account.balance + change)
        )
    await session.commit()
