"""A member joins a team that is deleted meanwhile, and the foreign key objects."""

from fastapi import APIRouter, HTTPException
from sqlalchemy import ForeignKey, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.database import SessionDep

router = APIRouter()


class Base(DeclarativeBase):
    pass


class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey(Team.id, ondelete="CASCADE"))


@router.post("/teams/{team_id}/members", status_code=201)
async def join(team_id: int, session: SessionDep) -> None:
    session.add(Member(team_id=team_id))
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise HTTPException(404) from error
    await session.commit()


@router.delete("/teams/{team_id}", status_code=204)
async def disband(team_id: int, session: SessionDep) -> None:
    await session.execute(delete(Team).where(Team.id == team_id))
    await session.commit()
