"""The key is inserted first, and its constraint decides who charges."""

from fastapi import APIRouter
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Charge(Base):
    __tablename__ = "charges"
    key: Mapped[str] = mapped_column(primary_key=True)
    amount: Mapped[int]


@router.post("/charges")
async def charge(key: str, amount: int, session: SessionDep) -> None:
    await session.execute(pg_insert(Charge).values(key=key, amount=amount).on_conflict_do_nothing())
    await session.commit()
