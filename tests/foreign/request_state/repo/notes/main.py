from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from notes.middleware import SessionMiddleware
from notes.models import Note

app = FastAPI()
app.add_middleware(SessionMiddleware)


@app.post("/notes", status_code=201)
async def write(request: Request, text: str) -> int:
    note = Note(text=text)
    request.state.session.add(note)
    try:
        await request.state.session.flush()
    except IntegrityError:
        raise HTTPException(409) from None
    return note.id


@app.get("/notes")
async def read(request: Request) -> list[str]:
    return list(await request.state.session.scalars(select(Note.text).order_by(Note.id)))
