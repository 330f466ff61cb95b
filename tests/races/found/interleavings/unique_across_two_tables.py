"""A name must not be that of a user and of a team, and each looks in both tables."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A3|B*|A, A4|B*|A, B2|A*|B, B3|A*|B, B4|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 409 201",
    "B 409 201 201",
    "names_of_teams name=ada - there there",
    "names_of_users name=ada there - there",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "names_of_users"
    name: Mapped[str] = mapped_column(primary_key=True)


class Team(Base):
    __tablename__ = "names_of_teams"
    name: Mapped[str] = mapped_column(primary_key=True)


async def is_taken(name: str, session: AsyncSession) -> bool:
    names = (User.name, Team.name)
    return any([await session.scalar(select(one).where(one == name)) for one in names])  # <-


@router.post("/names/users/{name}", status_code=201)
async def add_user(name: str, session: SessionDep) -> None:
    if await is_taken(name, session):
        raise HTTPException(409)
    session.add(User(name=name))
    await session.commit()  # <-


@router.post("/names/teams/{name}", status_code=201)
async def add_team(name: str, session: SessionDep) -> None:
    if await is_taken(name, session):
        raise HTTPException(409)
    session.add(Team(name=name))
    await session.commit()
