"""The row is locked when it is read."""

from fastapi import APIRouter, HTTPException
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
    account = await session.get_one(Account, account_id, with_for_update=True)
    if account.balance < amount:
        raise HTTPException(409)
    account.balance -= amount
    await session.commit()
