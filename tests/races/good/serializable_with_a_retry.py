"""Two doctors are on call, and the database sees to it that one stays."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Doctor(Base):
    __tablename__ = "doctors"
    name: Mapped[str] = mapped_column(primary_key=True)
    on_call: Mapped[bool]


async def leave_once(session: AsyncSession, name: str) -> None:
    await session.connection(execution_options={"isolation_level": "SERIALIZABLE"})
    on_call = await session.scalar(select(func.count()).where(Doctor.on_call)) or 0
    if on_call < 2:
        raise HTTPException(409)
    await session.execute(update(Doctor).where(Doctor.name == name).values(on_call=False))
    await session.commit()


@router.post("/doctors/{name}/leave")
async def leave(name: str, session: SessionDep) -> None:
    for _ in range(3):
        try:
            return await leave_once(session, name)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", "") != "40001":
                raise
            await session.rollback()
    raise HTTPException(503, headers={"Retry-After": "1"})
