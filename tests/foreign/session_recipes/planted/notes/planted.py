from fastapi import APIRouter
from sqlalchemy import select

from notes import database
from notes.database import Note
from notes.main import SessionDep

router = APIRouter(prefix="/planted")


@router.post("/given")
async def given(session: SessionDep) -> None:
    session.add(Note(text="lost"))  # <- database.lost-commit
    await session.flush()


@router.post("/own")
async def own() -> None:
    async with database.Session() as session:
        session.add(Note(text="lost"))  # <- database.lost-commit


@router.post("/kept")
async def kept() -> None:
    session = database.Session()  # <- database.session-leak
    await session.scalar(select(Note.id))
