"""A query to SQLite."""

import sqlite3

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    sqlite3.connect(":memory:").close()  # <-
