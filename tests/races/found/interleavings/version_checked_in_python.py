"""The version is compared with what was read, and not in the UPDATE."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B3|A*|B, B2|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 200 409 200",
    "B 409 200 200",
    "pages id=1: title b c b",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Page(Base):
    __tablename__ = "pages"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
    title: Mapped[str]


@router.put("/pages/{page_id}")
async def rename(page_id: int, version: int, title: str, session: SessionDep) -> None:
    page = await session.get_one(Page, page_id)  # <-
    if page.version != version:
        raise HTTPException(409)
    page.title = title
    page.version += 1
    await session.commit()  # <-
