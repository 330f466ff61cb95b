"""The response is sent, and what the background task should add never comes."""

from fastapi import APIRouter, BackgroundTasks, Request
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

FOUND_BY = "cancel, kill@3, kill@4, kill@5, commit@1"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 201 CancelledError",
    "orders rows (state=confirmed) 0 1 0",
    "orders rows (state=new) 0 0 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


async def confirm(request: Request, order_id: int) -> None:
    async with other_service() as mail:
        await mail.post("/messages")
    async with request.app.state.sessionmaker.begin() as session:
        order = await session.get_one(Order, order_id)
        order.state = "confirmed"


@router.post("/orders", status_code=201)
async def create(request: Request, session: SessionDep, tasks: BackgroundTasks) -> None:
    order = Order(state="new")
    session.add(order)
    await session.commit()  # <-
    tasks.add_task(confirm, request, order.id)
