"""An advisory lock, which ends with the transaction, stands for the row that is not there yet."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


@router.post("/members", status_code=201)
async def join(email: str, session: SessionDep) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtext(email))))
    if await session.scalar(select(Member.id).where(Member.email == email)):
        raise HTTPException(409)
    session.add(Member(email=email))
    await session.commit()
