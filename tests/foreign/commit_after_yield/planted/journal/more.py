import time
from typing import Annotated

from fastapi import APIRouter, Depends

from journal.db import Entry, async_session
from journal.main import EarlyDb

router = APIRouter()


async def get_db_without_commit():
    async with async_session() as session:
        yield session


@router.post("/forgotten")
async def forgotten(db: Annotated[object, Depends(get_db_without_commit)]) -> None:
    db.add(Entry(text="rain"))  # <- database.lost-commit


@router.post("/slow")
async def slow(db: EarlyDb) -> None:
    db.add(Entry(text="rain"))
    time.sleep(0.01)  # <- blocking.sleep
