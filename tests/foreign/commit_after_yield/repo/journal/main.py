from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from journal.db import Entry, get_db

app = FastAPI()
Db = Annotated[AsyncSession, Depends(get_db)]
# It commits before the response is sent.
EarlyDb = Annotated[AsyncSession, Depends(get_db, scope="function")]


@app.post("/entries", status_code=201)
async def write(text: str, db: Db) -> None:
    db.add(Entry(text=text))


@app.put("/entries/{number}")
async def change(number: int, text: str, db: EarlyDb) -> None:
    entry = await db.get(Entry, number)
    if entry is None:
        raise HTTPException(404)
    entry.text = text


@app.get("/entries")
async def read(db: Db) -> list[str]:
    return list(await db.scalars(select(Entry.text).order_by(Entry.id)))
