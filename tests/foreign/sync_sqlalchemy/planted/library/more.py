import time

from fastapi import APIRouter
from sqlalchemy import select

from library.main import Db
from library.models import Author, Book

router = APIRouter()


@router.post("/forgotten")
def forgotten(db: Db) -> None:
    db.add(Author(name="ada"))  # <- database.lost-commit


@router.get("/books")
def books(db: Db) -> dict[str, list[str]]:
    found = {}
    for author in db.scalars(select(Author)).all():
        titles = db.scalars(select(Book.title).where(Book.author_id == author.id))  # <- database.n-plus-one
        found[author.name] = list(titles)
    return found


@router.get("/async")
async def in_a_coroutine(db: Db) -> list[str]:
    return list(db.scalars(select(Author.name)))  # <- blocking.database


@router.get("/sleep")
async def sleep() -> None:
    time.sleep(0.01)  # <- blocking.sleep


@router.get("/first")
def first(db: Db) -> str:
    return db.get(Author, 1).name  # <- requests.5xx
