"""The constraint decides, and its error is answered."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.exc import IntegrityError
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
    session.add(Member(email=email))
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise HTTPException(409) from error
    await session.commit()
