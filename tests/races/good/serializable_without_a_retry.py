"""The client is asked to try again where the database has refused one of two transactions."""

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
    await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
    on_call = await session.scalar(select(func.count()).where(Doctor.on_call)) or 0
    if on_call < 2:
        raise HTTPException(409)
    await session.execute(update(Doctor).where(Doctor.name == name).values(on_call=False))
    await session.commit()
