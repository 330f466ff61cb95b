from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from library.database import get_db
from library.models import Author, Book

app = FastAPI()
Db = Annotated[Session, Depends(get_db)]


@app.post("/authors/{name}", status_code=201)
def add_author(name: str, db: Db) -> int:
    author = Author(name=name)
    db.add(author)
    try:
        db.commit()
    except IntegrityError:
        raise HTTPException(409) from None
    return author.id


@app.post("/authors/{name}/books", status_code=201)
def add_book(name: str, title: str, db: Db) -> int:
    author = db.scalar(select(Author).where(Author.name == name))
    if author is None:
        raise HTTPException(404)
    book = Book(title=title, author=author)
    db.add(book)
    db.commit()
    return book.id


@app.get("/authors")
def authors(db: Db) -> dict[str, list[str]]:
    found = db.scalars(select(Author).options(selectinload(Author.books)).order_by(Author.id))
    return {author.name: [book.title for book in author.books] for author in found}
