"""One defect for each detector of the gate."""

import asyncio
import logging
import time
from typing import Annotated

from fastapi import Body
from sqlalchemy import select, text

from shop.db import Item
from shop.main import Db, app


@app.post("/blocking")
async def blocking() -> None:
    time.sleep(0.01)  # <- blocking.sleep


@app.post("/slow")
async def slow() -> int:
    return sum(n * n for n in range(3_000_000))  # <- slow.cpu


@app.post("/tasks")
async def tasks() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <- tasks.leaked


@app.post("/warnings")
async def warnings() -> None:
    asyncio.sleep(0)  # <- warnings.never-awaited


@app.post("/requests")
async def requests(db: Db) -> None:
    await db.execute(text("SELECT nothing"))  # <- requests.5xx


@app.post("/database")
async def database(db: Db) -> None:
    db.add(Item(name="forgotten"))  # <- database.lost-commit


@app.post("/queries")
async def queries(db: Db) -> None:
    db.add_all(Item(name=f"item {n}") for n in range(8))
    await db.commit()
    for n in range(8):
        await db.scalar(select(Item).where(Item.name == f"item {n}"))  # <- database.n-plus-one


@app.post("/secrets")
async def secrets(password: Annotated[str, Body(embed=True)]) -> None:
    logging.getLogger("shop").warning("log in with %s", password)  # <- secrets.log
