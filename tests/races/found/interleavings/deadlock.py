"""A transfer locks the payer first: two in opposite directions wait for each other."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, B2|A*|B"
SAYS = (
    "is a deadlock: PostgreSQL ends one of the calls.",
    "A 200 200 200",
    "B 200 200 503",
    "accounts id=1: balance 98 98 95",
    "accounts id=2: balance 102 102 105",
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
    payer = await session.get_one(Account, source, with_for_update=True)  # <-
    payee = await session.get_one(Account, target, with_for_update=True)  # <-
    payer.balance -= amount
    payee.balance += amount
    await session.commit()
