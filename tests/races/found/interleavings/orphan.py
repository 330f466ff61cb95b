"""A member joins a team that is deleted meanwhile, and no foreign key objects."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import delete
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

FOUND_BY = "A2|B*|A, A3|B*|A, B2|A*|B, B3|A*|B"
SAYS = (
    "comes to what no serial run comes to.",
    "A 201 404 201",
    "B 204 204 204",
    "members_of_teams rows (team_id=1) 0 0 1",
)

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)


class Member(Base):
    __tablename__ = "members_of_teams"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int]


@router.post("/teams/{team_id}/members", status_code=201)
async def join(team_id: int, session: SessionDep) -> None:
    if not await session.get(Team, team_id):  # <-
        raise HTTPException(404)
    session.add(Member(team_id=team_id))
    await session.commit()  # <-


@router.delete("/teams/{team_id}", status_code=204)
async def disband(team_id: int, session: SessionDep) -> None:
    await session.execute(delete(Member).where(Member.team_id == team_id))
    await session.execute(delete(Team).where(Team.id == team_id))
    await session.commit()
