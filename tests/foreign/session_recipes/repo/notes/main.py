from typing import Annotated

from dependency_injector import providers
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notes.database import Note, get_session

app = FastAPI()
SessionDep = Annotated[AsyncSession, Depends(get_session)]


class NoteIn(BaseModel):
    text: str


class NoteOut(NoteIn):
    model_config = ConfigDict(from_attributes=True)
    id: int


@app.post("/notes", status_code=201, response_model=NoteOut)
async def create(note: NoteIn, session: SessionDep):
    row = Note(text=note.text)
    session.add(row)
    await session.commit()
    await session.refresh(row)
    return row


@app.get("/notes", response_model=list[NoteOut])
async def index(session: SessionDep, q: str | None = None):
    query = select(Note).order_by(Note.id)
    if q:
        query = query.where(Note.text.contains(q))
    return (await session.scalars(query)).all()


@app.delete("/notes/{note_id}", status_code=204)
async def delete(note_id: int, session: SessionDep):
    note = await session.get(Note, note_id)
    if note is None:
        raise HTTPException(404)
    await session.delete(note)
    await session.commit()


container_session = providers.Dependency(instance_of=AsyncSession)


@app.get("/contained")
async def contained() -> int:
    return len((await container_session().scalars(select(Note))).all())


@app.put("/notes")
async def replace(session: SessionDep) -> None:
    session.add(Note(text="refused"))
    await session.flush()
    await session.rollback()
    raise HTTPException(409)
