"""An order reads twice whether there is a sale. A sale that begins and ends meanwhile breaks it."""

from fastapi import APIRouter
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B3|A*|B, A2|B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 201 201",
    "B 200 200 200",
    "orders rows (charged=80, shown=100) 0 0 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)
    sale: Mapped[bool]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    shown: Mapped[int]
    charged: Mapped[int]


async def price(session: AsyncSession) -> int:
    return 80 if await session.scalar(select(Shop.sale)) else 100  # <-


@router.post("/orders", status_code=201)
async def order(session: SessionDep) -> None:
    shown = await price(session)
    charged = await price(session)
    if shown > charged:
        session.add(Order(shown=shown, charged=charged))
    await session.commit()


@router.post("/sale")
async def hold_sale(session: SessionDep) -> None:
    for sale in (True, False):
        await session.execute(update(Shop).values(sale=sale))
        await session.commit()
