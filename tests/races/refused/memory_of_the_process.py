"""What the process remembers is not as it was when the rows are."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

SAYS = ("it depends on more than the database",)

router = APIRouter()
TAKEN: set[str] = set()


class Base(DeclarativeBase):
    pass


class Name(Base):
    __tablename__ = "names"
    name: Mapped[str] = mapped_column(primary_key=True)


@router.post("/names/{name}", status_code=201)
async def take(name: str, session: SessionDep) -> None:
    if name in TAKEN:
        raise HTTPException(409)
    TAKEN.add(name)
    session.add(Name(name=name))
    await session.commit()
