from fastapi import APIRouter
from sqlmodel import select

from heroes.main import SessionDep
from heroes.models import Hero, Team

router = APIRouter()


@router.post("/teams")
async def create_team(name: str, session: SessionDep) -> str:
    team = Team(name=name)
    session.add(team)  # <- database.lost-commit
    await session.flush()
    return team.name


@router.get("/teams")
async def read_teams(session: SessionDep) -> dict[str, list[str]]:
    found = {}
    for team in (await session.exec(select(Team))).all():
        heroes = await session.exec(select(Hero).where(Hero.team_id == team.id))  # <- database.n-plus-one
        found[team.name] = [hero.name for hero in heroes]
    return found


@router.get("/teams/{team_id}")
async def read_team(team_id: int, session: SessionDep) -> list[str]:
    team = await session.get_one(Team, team_id)
    return [hero.name for hero in team.heroes]  # <- database.lazy-load
