"""The constraint is checked at the commit, whose error is answered."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    __table_args__ = (UniqueConstraint("email", deferrable=True, initially="DEFERRED"),)


@router.post("/members", status_code=201)
async def join(email: str, session: SessionDep) -> None:
    session.add(Member(email=email))
    try:
        await session.commit()
    except IntegrityError as error:
        await session.rollback()
        raise HTTPException(409) from error
