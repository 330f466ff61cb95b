"""A test may know which number comes next."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


@router.post("/items", status_code=201)
async def create(text: str, session: SessionDep) -> None:
    session.add(Item(text=text))
    await session.commit()


@router.delete("/items/{item_id}")
async def delete(item_id: int, session: SessionDep) -> None:
    item = await session.get(Item, item_id, with_for_update=True)
    if item is None:
        raise HTTPException(404)
    await session.delete(item)
    await session.commit()
