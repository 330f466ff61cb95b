"""An order is committed as new before the payment, which may never come to its end."""

from fastapi import APIRouter
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

FOUND_BY = "cancel, kill@3, kill@4, commit@1"
SAYS = (
    "Half of it is done: the rows are neither those from before nor those of the whole call.",
    "ended with - 201 CancelledError",
    "orders rows (state=paid) 0 1 0",
    "orders rows (state=new) 0 0 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]


@router.post("/orders", status_code=201)
async def create(session: SessionDep) -> None:
    order = Order(state="new")
    session.add(order)
    await session.commit()  # <-
    async with other_service() as payments:
        await payments.post("/charges")
    order.state = "paid"
    await session.commit()
