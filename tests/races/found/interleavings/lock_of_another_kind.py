"""One request locks a row and then the printer, and another one the printer and then the row."""

import asyncio

from fastapi import APIRouter
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()
PRINTER = asyncio.Lock()


class Base(DeclarativeBase):
    pass


class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    copies: Mapped[int]


class Page(Base):
    __tablename__ = "printed_pages"
    id: Mapped[int] = mapped_column(primary_key=True)


async def count(session: AsyncSession) -> None:
    await session.execute(update(Label).values(copies=Label.copies + 1))


@router.post("/labels")
async def print_label(session: SessionDep) -> None:
    await count(session)
    await session.execute(select(func.count()).select_from(Page))
    async with PRINTER:
        session.add(Page())
        await session.commit()


@router.post("/tests")
async def print_test(session: SessionDep) -> None:
    async with PRINTER:
        await count(session)
        await session.commit()
