"""A new default takes the mark from the others, which do not include one that comes at once."""

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = ("addresses rows (is_default=True, street=a) 0 1 1",)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Address(Base):
    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    street: Mapped[str]
    is_default: Mapped[bool]


@router.post("/addresses", status_code=201)
async def add(street: str, session: SessionDep) -> None:
    await session.execute(update(Address).where(Address.is_default).values(is_default=False))  # <-
    session.add(Address(street=street, is_default=True))
    await session.commit()
