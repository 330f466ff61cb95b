"""A lock that is taken in a savepoint ends when that is rolled back."""

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


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: SessionDep) -> None:
    locked = select(Account.balance).where(Account.id == account_id).with_for_update()
    trial = await session.begin_nested()
    balance = await session.scalar(locked) or 0
    await trial.rollback()
    await session.execute(
        update(Account).where(Account.id == account_id).values(balance=balance + amount)
    )
    await session.commit()
