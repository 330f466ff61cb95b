from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.middleware.trustedhost import TrustedHostMiddleware

from orders.db import Order, get_db

Db = Annotated[AsyncSession, Depends(get_db)]
router = APIRouter(prefix="/v1")


@router.post("/orders", status_code=201)
async def place(text: str, db: Db) -> int:
    order = Order(text=text)
    db.add(order)
    await db.commit()
    return order.id


@router.get("/orders")
async def read(db: Db) -> list[str]:
    return list(await db.scalars(select(Order.text)))


@router.websocket("/updates")
async def updates(socket: WebSocket, db: Db) -> None:
    await socket.accept()
    await socket.send_json(list(await db.scalars(select(Order.text))))
    await socket.close()


def create_app() -> FastAPI:
    app = FastAPI()
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=["api.orders.example", "*.internal"]
    )
    app.include_router(router)
    return app
