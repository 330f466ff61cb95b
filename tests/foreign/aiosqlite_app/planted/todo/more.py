import sqlite3

from fastapi import APIRouter
from sqlalchemy import select

from todo.app import Db, Todo

router = APIRouter()


@router.post("/forgotten")
async def forgotten(db: Db) -> None:
    db.add(Todo(text="tea"))  # <- database.lost-commit


@router.get("/one")
async def one(db: Db) -> int:
    found = 0
    for number in range(8):
        todo = await db.scalar(select(Todo).where(Todo.id == number))  # <- database.n-plus-one
        found += todo is not None
    return found


@router.get("/sync")
async def synchronous() -> None:
    sqlite3.connect(":memory:").close()  # <- blocking.database
