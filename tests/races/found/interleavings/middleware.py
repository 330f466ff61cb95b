"""A middleware, which Starlette runs in a task of its own, counts requests in the database."""

from fastapi import Request, Response
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.routing import Mount, Route

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 200 200",
    "B 200 200 200",
    "usages key=k: requests 2 2 1",
)


class Base(DeclarativeBase):
    pass


class Usage(Base):
    __tablename__ = "usages"
    key: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int]


class Metering(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        async with request.app.state.sessionmaker() as session:
            usage = await session.get_one(Usage, request.headers["X-Key"])  # <-
            usage.requests += 1
            await session.commit()  # <-
        return await call_next(request)


async def read(_: Request) -> Response:
    return Response("metered")


metered = Mount("/metered", routes=[Route("/", read)], middleware=[Middleware(Metering)])
