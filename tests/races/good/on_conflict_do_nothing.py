"""A row is inserted if there is none, in one statement."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


@router.post("/members", status_code=201)
async def join(email: str, session: SessionDep) -> None:
    new = pg_insert(Member).values(email=email).on_conflict_do_nothing().returning(Member.id)
    if await session.scalar(new) is None:
        raise HTTPException(409)
    await session.commit()
