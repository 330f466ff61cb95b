"""The next number is the greatest one and one more."""

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 201 201",
    "B 201 201 201",
    "invoices rows (number=1) 1 1 2",
    "invoices rows (number=2) 1 1 0",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int]


@router.post("/invoices", status_code=201)
async def create(session: SessionDep) -> int:
    greatest = await session.scalar(select(func.max(Invoice.number))) or 0  # <-
    session.add(Invoice(number=greatest + 1))
    await session.commit()  # <-
    return greatest + 1
