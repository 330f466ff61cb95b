"""A commit in between, for a line in a log, ends the lock that the rest relies on."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "accounts id=1: balance 120 120 110",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    balance: Mapped[int]


class Line(Base):
    __tablename__ = "log_lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str]


@router.post("/accounts/{account_id}/deposits")
async def deposit(account_id: int, amount: int, session: SessionDep) -> None:
    account = await session.get_one(Account, account_id, with_for_update=True)  # <-
    session.add(Line(message="a deposit begins"))
    await session.commit()  # <-
    account.balance += amount
    await session.commit()
