"""A name must not be that of a user and of a team, and each looks in both tables."""

from fastapi import APIRouter, HTTPException
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "names_of_users"
    name: Mapped[str] = mapped_column(primary_key=True)


class Team(Base):
    __tablename__ = "names_of_teams"
    name: Mapped[str] = mapped_column(primary_key=True)


@router.post("/names/users/{name}", status_code=201)
async def add_user(name: str, session: SessionDep) -> None:
    if await session.get(User, name) or await session.get(Team, name):
        raise HTTPException(409)
    session.add(User(name=name))
    await session.commit()


@router.post("/names/teams/{name}", status_code=201)
async def add_team(name: str, session: SessionDep) -> None:
    if await session.get(User, name) or await session.get(Team, name):
        raise HTTPException(409)
    session.add(Team(name=name))
    await session.commit()
