"""A middleware counts the request in a transaction of its own, whatever becomes of the rest."""

from fastapi import Request, Response
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.routing import Mount, Route

FOUND_BY = "cancel, kill@3, kill@4, commit@1"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 201 CancelledError",
    "orders rows () 0 1 0",
    "usages key=k: orders 0 1 1",
)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Usage(Base):
    __tablename__ = "usages"
    key: Mapped[str] = mapped_column(primary_key=True)
    orders: Mapped[int]


class Metering(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        async with request.app.state.sessionmaker.begin() as session:  # <-
            await session.execute(update(Usage).values(orders=Usage.orders + 1))
        return await call_next(request)


async def create(request: Request) -> Response:
    async with request.app.state.sessionmaker.begin() as session:
        session.add(Order())
    return Response(status_code=201)


metered = Mount(
    "/metered",
    routes=[Route("/orders", create, methods=["POST"])],
    middleware=[Middleware(Metering)],
)
