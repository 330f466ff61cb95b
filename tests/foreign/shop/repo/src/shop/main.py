from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from shop.db import Item, get_db

app = FastAPI()
Db = Annotated[AsyncSession, Depends(get_db)]


@app.post("/items/{name}", status_code=201)
async def add_item(name: str, db: Db) -> int:
    item = Item(name=name)
    db.add(item)
    try:
        await db.commit()
    except IntegrityError:
        raise HTTPException(409) from None
    return item.id


@app.get("/items")
async def list_items(db: Db) -> list[str]:
    return list(await db.scalars(select(Item.name).order_by(Item.name)))
