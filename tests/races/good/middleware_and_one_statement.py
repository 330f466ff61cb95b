"""A middleware, which Starlette runs in a task of its own, and one statement that counts."""

from fastapi import Request, Response
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.routing import Mount, Route


class Base(DeclarativeBase):
    pass


class Usage(Base):
    __tablename__ = "usages"
    key: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]


class Timing(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers["X-Timed"] = "yes"
        return response


async def read(request: Request) -> Response:
    async with request.app.state.sessionmaker.begin() as session:
        await session.execute(update(Usage).values(requests=Usage.requests + 1))
    return Response("metered")


timed = Mount("/timed", routes=[Route("/", read)], middleware=[Middleware(Timing)])
