import asyncio
from pathlib import Path

from fastapi import APIRouter
from sqlalchemy import select

from notes.database import Note
from notes.main import SessionDep

router = APIRouter(prefix="/planted")


@router.get("/backup")
async def backup() -> int:
    return Path(__file__).stat().st_size  # <- blocking.file


@router.get("/each")
async def each(session: SessionDep) -> int:
    session.expunge_all()
    count = 0
    for number in range(1, 9):
        note = await session.scalar(select(Note).where(Note.id == number))  # <- database.n-plus-one
        count += note is not None
    return count


@router.get("/broken")
async def broken() -> dict:
    return {}["missing"]  # <- requests.5xx


@router.get("/later")
async def later() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <- tasks.leaked


@router.delete("/all")
async def delete_all(session: SessionDep) -> None:
    for note in await session.scalars(select(Note)):
        await session.delete(note)
    session.commit()  # <- warnings.never-awaited
