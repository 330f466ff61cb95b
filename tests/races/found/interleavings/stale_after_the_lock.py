"""The row is locked, but the session keeps the values that it has read before."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
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
    same = select(Account).where(Account.id == account_id)
    account = await session.scalar(same)
    if account is None:
        raise HTTPException(404)
    await session.execute(same.with_for_update())
    account.balance += amount
    await session.commit()
