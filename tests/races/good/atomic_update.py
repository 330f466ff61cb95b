"""The database checks the balance and changes it, in one statement."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/accounts/{account_id}/payments")
async def pay(account_id: int, amount: int, session: SessionDep) -> None:
    paid = await session.scalar(
        update(Account)
        .where(Account.id == account_id, Account.balance >= amount)
        .values(balance=Account.balance - amount)
        .returning(Account.id)
    )
    if paid is None:
        raise HTTPException(409)
    await session.commit()
