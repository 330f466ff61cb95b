"""Two doctors are on call, and each may leave as long as there is another one."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Doctor(Base):
    __tablename__ = "doctors"
    name: Mapped[str] = mapped_column(primary_key=True)
    on_call: Mapped[bool]


@router.post("/doctors/{name}/leave")
async def leave(name: str, session: SessionDep) -> None:
    on_call = await session.scalar(select(func.count()).where(Doctor.on_call)) or 0
    if on_call < 2:
        raise HTTPException(409)
    await session.execute(update(Doctor).where(Doctor.name == name).values(on_call=False))
    await session.commit()
