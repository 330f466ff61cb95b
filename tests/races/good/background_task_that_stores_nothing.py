"""A background task sends what nobody stores."""

from fastapi import APIRouter, BackgroundTasks
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trap_services import other_service

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


async def notify() -> None:
    async with other_service() as chat:
        await chat.post("/messages")


@router.post("/orders", status_code=201)
async def create(session: SessionDep, tasks: BackgroundTasks) -> None:
    session.add(Order())
    await session.commit()
    tasks.add_task(notify)
