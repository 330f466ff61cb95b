"""A transfer locks the payer first: two in opposite directions wait for each other."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> None:
    payer = await session.get_one(Account, source, with_for_update=True)
    payee = await session.get_one(Account, target, with_for_update=True)
    payer.balance -= amount
    payee.balance += amount
    await session.commit()
