import os

from fastapi import APIRouter, Request
from sqlalchemy import select

from notes.middleware import SessionLocal
from notes.models import Note

router = APIRouter()


@router.get("/lengths")
async def lengths(request: Request) -> list[int]:
    found = []
    for number in range(8):
        note = await request.state.session.get(Note, number)  # <- database.n-plus-one
        found.append(len(note.text) if note else 0)
    return found


@router.post("/drafts")
async def draft(text: str) -> None:
    async with SessionLocal() as session:
        session.add(Note(text=text))  # <- database.lost-commit
        await session.flush()


@router.get("/files")
async def files() -> list[str]:
    return os.listdir("/")  # <- blocking.file


@router.get("/notes/{number}")
async def one(request: Request, number: int) -> str:
    query = select(Note.text).where(Note.id == number)
    return (await request.state.session.scalars(query)).one()  # <- requests.5xx
