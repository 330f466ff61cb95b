"""A unique constraint stands behind the look-up, but nobody expects its error."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B3|A*|B, B2|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 409 23505",
    "B 409 201 201",
    'A raised IntegrityError: duplicate key value violates unique constraint "members_email_key"',
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


@router.post("/members", status_code=201)
async def join(email: str, session: SessionDep) -> None:
    if await session.scalar(select(Member.id).where(Member.email == email)):  # <-
        raise HTTPException(409)
    session.add(Member(email=email))
    await session.commit()  # <-
