"""SQLite is used on several lines, and the cause is told once."""

import sqlite3

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> int:
    connection = sqlite3.connect(":memory:")  # <-
    connection.execute("CREATE TABLE notes (id INTEGER)")
    (count,) = connection.execute("SELECT count(*) FROM notes").fetchone()
    connection.close()
    return int(count)
