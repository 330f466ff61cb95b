"""A transfer writes two balances that it has read."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "accounts id=1: balance 98 98 95",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


@router.post("/transfers")
async def transfer(source: int, target: int, amount: int, session: SessionDep) -> None:
    payer = await session.get_one(Account, source)  # <-
    payee = await session.get_one(Account, target)  # <-
    payer.balance -= amount
    payee.balance += amount
    await session.commit()
