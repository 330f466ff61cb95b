"""What runs after the response is as much a race as what runs before."""

from fastapi import APIRouter, BackgroundTasks, Request
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 202 202 202",
    "B 202 202 202",
    "totals id=1: orders 2 2 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Total(Base):
    __tablename__ = "totals"
    id: Mapped[int] = mapped_column(primary_key=True)
    orders: Mapped[int]


async def count(request: Request) -> None:
    async with request.app.state.sessionmaker() as session:
        total = await session.get_one(Total, 1)  # <-
        total.orders += 1
        await session.commit()  # <-


@router.post("/orders", status_code=202)
async def order(request: Request, tasks: BackgroundTasks) -> None:
    tasks.add_task(count, request)
