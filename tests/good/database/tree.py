"""A tree is walked up to its root."""

from fastapi import APIRouter
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from app.database import SessionDep

CLIENTS = ("client", "concurrent_client")

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Node(Base):
    __tablename__ = "nodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
    children: Mapped[list["Node"]] = relationship()


@router.post("/trap")
async def trap(session: SessionDep) -> list[int]:
    eager = selectinload(Node.children, recursion_depth=-1)
    await session.scalar(select(Node).where(Node.id == 1).options(eager))
    session.expunge_all()
    path = [await session.get_one(Node, 8)]
    while path[-1].parent_id:
        path.append(await session.get_one(Node, path[-1].parent_id))
    return [node.id for node in path]
