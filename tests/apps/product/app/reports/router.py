import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Query, Request, status
from pydantic import BaseModel

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.flags.service import requires_flag
from app.reports import service

router = APIRouter(
    prefix="/reports",
    tags=["reports"],
    dependencies=[Depends(requires_flag("reports"))],
    responses=problems(NotAuthenticated, AccountDisabled),
)


def time_zone(tz: Annotated[str, Query(max_length=50)] = "UTC") -> ZoneInfo:
    # A sync dependency: it reads the file of the time zone, in a thread.
    try:
        return ZoneInfo(tz)
    except (KeyError, ValueError) as error:
        raise HTTPException(status.HTTP_400_BAD_REQUEST, {"code": "unknown-time-zone"}) from error


TimeZone = Annotated[ZoneInfo, Depends(time_zone)]


class WordCount(BaseModel):
    word: str
    count: int


class Due(BaseModel):
    id: int
    title: str
    due_at: datetime


class Day(BaseModel):
    day: date
    todos: int


@router.get("/words")
async def words(
    user: CurrentUser,
    session: SessionDep,
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[WordCount]:
    titles = await service.titles_of(session, user)
    # No connection is held while another process counts.
    await session.commit()
    counts = await asyncio.get_running_loop().run_in_executor(
        request.app.state.processes, service.word_counts, titles, limit
    )
    return [WordCount(word=word, count=count) for word, count in counts]


@router.get("/today")
async def due_today(user: CurrentUser, session: SessionDep, zone: TimeZone) -> list[Due]:
    begin, end = service.day_around(datetime.now(UTC), zone)
    todos = await service.due_between(session, user, begin, end)
    return [
        Due(id=todo.id, title=todo.title, due_at=todo.due_at.astimezone(zone))
        for todo in todos
        if todo.due_at
    ]


@router.get("/busiest")
async def busiest_days(
    user: CurrentUser,
    session: SessionDep,
    zone: TimeZone,
    limit: Annotated[int, Query(ge=1, le=100)] = 3,
) -> Sequence[Day]:
    rows = await service.busiest_days(session, user, zone, limit=limit)
    return [Day(day=day, todos=todos) for day, todos in rows]
