"""A key is looked up before the charge, and stored after it."""

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "charges rows (amount=10) 1 1 2",
    "idempotency_keys rows (key=a1) 1 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Charge(Base):
    __tablename__ = "charges"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]


class Key(Base):
    __tablename__ = "idempotency_keys"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(index=True)


@router.post("/charges")
async def charge(key: str, amount: int, session: SessionDep) -> None:
    if await session.scalar(select(Key.id).where(Key.key == key)):  # <-
        return
    session.add(Charge(amount=amount))
    await session.flush()  # <-
    session.add(Key(key=key))
    await session.commit()
