"""One defect for each detector of the gate, planted by the tests."""

import asyncio
import logging
import time
from typing import Annotated

from fastapi import Body
from sqlalchemy import text

from shop.db import Item
from shop.main import Db, app


@app.post("/blocking")
async def blocking() -> None:
    time.sleep(0.01)


@app.post("/slow")
async def slow() -> int:
    return sum(n * n for n in range(3_000_000))


@app.post("/tasks")
async def tasks() -> None:
    asyncio.create_task(asyncio.sleep(60))


@app.post("/warnings")
async def warnings() -> None:
    asyncio.sleep(0)


@app.post("/requests")
async def requests(db: Db) -> None:
    await db.execute(text("SELECT nothing"))


@app.post("/database")
async def database(db: Db) -> None:
    db.add(Item(name="forgotten"))


@app.post("/secrets")
async def secrets(password: Annotated[str, Body(embed=True)]) -> None:
    logging.getLogger("shop").warning("log in with %s", password)
