"""Two doctors are on call, and each may leave as long as there is another one."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 200",
    "B 409 200 200",
    "doctors name=bob: on_call True False False",
    "doctors name=ada: on_call False True False",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Doctor(Base):
    __tablename__ = "doctors"
    name: Mapped[str] = mapped_column(primary_key=True)
    on_call: Mapped[bool]


@router.post("/doctors/{name}/leave")
async def leave(name: str, session: SessionDep) -> None:
    on_call = await session.scalar(select(func.count()).where(Doctor.on_call)) or 0  # <-
    if on_call < 2:
        raise HTTPException(409)
    await session.execute(update(Doctor).where(Doctor.name == name).values(on_call=False))  # <-
    await session.commit()
