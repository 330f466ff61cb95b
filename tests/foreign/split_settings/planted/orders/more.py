import socket

from fastapi import APIRouter
from sqlalchemy import update

from orders.db import Order
from orders.main import Db

router = APIRouter(prefix="/v1")


@router.put("/orders")
async def rename(text: str, db: Db) -> None:
    await db.execute(update(Order).values(text=text))  # <- database.lost-commit


@router.get("/address")
async def address() -> str:
    return socket.gethostbyname("localhost")  # <- blocking.dns


@router.get("/first")
async def first(db: Db) -> str:
    order = await db.get(Order, 1)
    return order.text  # <- requests.5xx
