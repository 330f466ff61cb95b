import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from orders.mail import Mailer
from orders.settings import Settings, get_settings
from orders.stock import OutOfStock, Stock

log = logging.getLogger("orders")


class OrderIn(BaseModel):
    name: str = Field(min_length=1)
    email: str
    items: dict[str, int]


class OrderOut(BaseModel):
    number: str
    left: dict[str, int]


def get_stock(request: Request) -> Stock:
    return request.app.state.stock


async def get_mailer(request: Request) -> Mailer:
    return request.app.state.mailer


def create_app(
    settings: Settings | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    settings = settings or get_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=settings.stock_url, transport=transport) as client:
            app.state.stock = Stock(client, settings.max_parallel)
            app.state.mailer = Mailer(settings)
            yield
        log.info("bye")

    app = FastAPI(title="Orders", lifespan=lifespan)
    app.state.orders = {}

    @app.middleware("http")
    async def add_request_id(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        request.state.id = request.headers.get("x-request-id") or uuid.uuid4().hex
        begin = time.perf_counter()
        response = await call_next(request)
        response.headers["x-request-id"] = request.state.id
        response.headers["x-process-time"] = f"{time.perf_counter() - begin:.6f}"
        log.info("%s %s -> %s", request.method, request.url.path, response.status_code)
        return response

    @app.exception_handler(httpx.TransportError)
    async def stock_is_down(request: Request, error: httpx.TransportError) -> JSONResponse:
        log.error("stock is down: %r", error)
        return JSONResponse({"detail": "stock is down"}, status_code=503)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/orders", status_code=201)
    async def create_order(
        order: OrderIn,
        background: BackgroundTasks,
        request: Request,
        stock: Annotated[Stock, Depends(get_stock)],
        mailer: Annotated[Mailer, Depends(get_mailer)],
    ) -> OrderOut:
        try:
            left = await stock.reserve_all(order.items)
        except* OutOfStock as group:
            names = sorted(str(error) for error in group.exceptions)
            raise HTTPException(409, f"out of stock: {', '.join(names)}") from None
        except* httpx.TransportError as group:
            raise group.exceptions[0] from None
        number = uuid.uuid4().hex[:8]
        request.app.state.orders[number] = order
        background.add_task(
            mailer.send, order.email, name=order.name, number=number, items=order.items
        )
        return OrderOut(number=number, left=left)

    @app.get("/orders/{number}")
    def get_order(number: str, request: Request) -> OrderIn:
        try:
            return request.app.state.orders[number]
        except KeyError:
            raise HTTPException(404, "no such order") from None

    @app.get("/orders")
    async def list_orders(request: Request, limit: int = 50) -> list[dict[str, Any]]:
        orders: dict[str, OrderIn] = request.app.state.orders
        return [{"number": number, "name": order.name} for number, order in orders.items()][:limit]

    @app.get("/report")
    async def report() -> dict[str, float]:
        return {"average": sum([]) / len([])}

    return app
