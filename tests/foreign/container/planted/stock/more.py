import asyncio
from typing import Annotated

from dependency_injector.wiring import Provide, inject
from fastapi import APIRouter, Depends
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.containers import Container
from stock.database import Database, Product

router = APIRouter()
Db = Annotated[Database, Depends(Provide[Container.database])]


@router.put("/products/{sku}")
@inject
async def change(sku: str, db: Db) -> None:
    async with AsyncSession(db.engine) as session:
        product = await session.scalar(select(Product).where(Product.sku == sku))
        product.amount += 1  # <- database.lost-commit


@router.get("/sum")
@inject
async def total(db: Db) -> int:
    amounts = 0
    async with db.session() as session:
        for sku in [f"sku {n}" for n in range(8)]:
            query = select(Product.amount).where(Product.sku == sku)
            amounts += await session.scalar(query)  # <- database.n-plus-one
    return amounts


@router.post("/sync")
@inject
async def synchronise(db: Db) -> None:
    async def refill() -> None:
        async with db.session() as session:
            await session.execute(select(Product.missing))  # <- tasks.unseen-exception

    asyncio.create_task(refill())
