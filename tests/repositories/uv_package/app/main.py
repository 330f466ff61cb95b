from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import get_session
from app.models import Book

app = FastAPI()
Session = Annotated[AsyncSession, Depends(get_session)]


@app.get("/health")
async def health() -> str:
    return "well"


@app.post("/books/{title}", status_code=201)
async def add(title: str, session: Session) -> int:
    book = Book(title=title)
    session.add(book)
    await session.commit()
    return book.id


@app.get("/books")
async def titles(session: Session) -> list[str]:
    return list(await session.scalars(select(Book.title).order_by(Book.title)))
