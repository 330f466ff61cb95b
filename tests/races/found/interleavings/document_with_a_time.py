"""A document is read, changed and stored whole, with the time of the change in it."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = ("carts id=1: content.ink 1 1 -",)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Cart(Base):
    __tablename__ = "carts"
    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


@router.put("/carts/{cart_id}/{item}")
async def put(cart_id: int, item: str, session: SessionDep) -> None:
    cart = await session.get_one(Cart, cart_id)  # <-
    cart.content = {**cart.content, item: 1, "changed_at": datetime.now(UTC).isoformat()}
    await session.commit()  # <-
