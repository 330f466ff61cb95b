"""A report reads twice what a transfer changes, in one snapshot."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

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
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    balance = select(Account.balance)
    first = await session.scalar(balance.where(Account.id == 1)) or 0
    second = await session.scalar(balance.where(Account.id == 2)) or 0
    session.add(Report(total=first + second))
    await session.commit()


@router.post("/transfers")
async def transfer(amount: int, session: SessionDep) -> None:
    for account_id, change in ((1, -amount), (2, amount)):
        await session.execute(
            update(Account).where(Account.id == account_id).values(balance=Account.balance + change)
        )
    await session.commit()
