"""SQLAlchemy's version counter: an UPDATE of another version finds no row."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Page(Base):
    __tablename__ = "pages"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column()
    title: Mapped[str]
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


@router.put("/pages/{page_id}")
async def rename(page_id: int, version: int, title: str, session: SessionDep) -> None:
    page = await session.get_one(Page, page_id)
    if page.version != version:
        raise HTTPException(409)
    page.title = title
    try:
        await session.commit()
    except StaleDataError as error:
        await session.rollback()
        raise HTTPException(409) from error
