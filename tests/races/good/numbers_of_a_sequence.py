"""An invoice and its lines have numbers of one sequence, which has gaps."""

from fastapi import APIRouter
from sqlalchemy import Sequence
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


number = Sequence("numbers", metadata=Base.metadata)


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(number)
    customer: Mapped[str]


@router.post("/invoices", status_code=201)
async def create(customer: str, session: SessionDep) -> None:
    for _ in range(2):
        session.add(Invoice(customer=customer))
        await session.flush()
    await session.commit()
