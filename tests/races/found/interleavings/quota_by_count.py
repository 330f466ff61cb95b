"""The rows are counted, and one more inserted if there are few enough."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 403 201",
    "B 403 201 201",
    "projects rows (owner=ada) 1 1 2",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str]


QUOTA = 3


@router.post("/projects", status_code=201)
async def create(owner: str, session: SessionDep) -> None:
    mine = select(func.count()).where(Project.owner == owner)
    if (await session.scalar(mine) or 0) >= QUOTA:  # <-
        raise HTTPException(403)
    session.add(Project(owner=owner))
    await session.commit()  # <-
