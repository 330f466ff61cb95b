"""FOR UPDATE locks the rows that are found: none, where the first one is about to be inserted."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 409 201",
    "B 409 201 201",
    "members rows (email=ada@example.com) 1 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]


@router.post("/members", status_code=201)
async def join(email: str, session: SessionDep) -> None:
    same = select(Member).where(Member.email == email).with_for_update()
    if await session.scalar(same):  # <-
        raise HTTPException(409)
    session.add(Member(email=email))
    await session.commit()  # <-
