"""A transaction is repeated after any lost connection, even where its commit was carried out."""

from fastapi import APIRouter, Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "commit@1"
SAYS = (
    "It is done twice.",
    "ended with - 201 201",
    "orders rows (state=paid) 0 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(request: Request) -> None:
    for attempt in (1, 2):
        try:
            async with request.app.state.sessionmaker.begin() as session:  # <-
                session.add(Order(state="paid"))
        except DBAPIError as error:
            if not error.connection_invalidated or attempt == 2:
                raise
        else:
            return
