"""Two requests take the same two locks of the process in opposite order."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A1|B*|A, A2|B*|A, B1|A*|B"
SAYS = (
    "hangs: none of its calls goes on.",
    "A 200 200 hangs",
    "B 200 200 hangs",
    "labels id=1: copies 4 4 2",
    "A waits at",
    "B waits at",
)

router = APIRouter()
LABELS = asyncio.Lock()
PRINTER = asyncio.Lock()


class Base(DeclarativeBase):
    pass


class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    copies: Mapped[int]


async def count(session: AsyncSession) -> None:
    await session.execute(update(Label).values(copies=Label.copies + 1))
    await session.commit()


@router.post("/labels")
async def print_label(session: SessionDep) -> None:
    async with LABELS:
        await count(session)
        async with PRINTER:  # <-
            await count(session)


@router.post("/tests")
async def print_test(session: SessionDep) -> None:
    async with PRINTER:
        await count(session)
        async with LABELS:  # <-
            await count(session)
