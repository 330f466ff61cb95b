"""Reports: in a process of their own, in a time zone, by a temporary table."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import time_machine
from fastapi import FastAPI
from freezegun import freeze_time
from sqlalchemy.ext.asyncio import AsyncSession

from app.reports.service import day_around
from app.todos.models import TodoList
from app.users.models import User
from tests.app_under_test import bearer
from tests.product_factories import TodoFactory


async def test_words_are_counted_in_another_process(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    for title in ("Buy milk", "Sell milk", "Buy oats and milk"):
        await TodoFactory.add(session, todo_list=todo_list, title=title)

    response = await client.get("/reports/words", params={"limit": 2}, headers=token)

    assert response.status_code == 200
    assert response.json() == [{"word": "milk", "count": 3}, {"word": "buy", "count": 2}]


async def test_today_is_a_day_of_the_time_zone(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    _, tomorrow = day_around(datetime.now(UTC), ZoneInfo("Pacific/Auckland"))
    await TodoFactory.add(session, todo_list=todo_list, title="Now", due_at=datetime.now(UTC))
    await TodoFactory.add(
        session, todo_list=todo_list, title="Later", due_at=tomorrow + timedelta(hours=1)
    )

    response = await client.get("/reports/today", params={"tz": "Pacific/Auckland"}, headers=token)

    assert response.status_code == 200
    (due,) = response.json()
    assert due["title"] == "Now"
    assert datetime.fromisoformat(due["due_at"]).utcoffset() != timedelta(0)


async def test_at_new_year_today_is_another_year_in_the_east(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, user: User
) -> None:
    new_year = datetime(2030, 1, 1, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    await TodoFactory.add(session, todo_list=todo_list, title="Sushi", due_at=new_year)

    with time_machine.travel(datetime(2029, 12, 31, 20, tzinfo=UTC), tick=False):
        token = bearer(user)
        east = await client.get("/reports/today", params={"tz": "Asia/Tokyo"}, headers=token)
        west = await client.get("/reports/today", headers=token)

    assert [due["title"] for due in east.json()] == ["Sushi"]
    assert [due["title"] for due in west.json()] == ["Sushi"]


async def test_a_token_is_of_no_use_the_day_after(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    with freeze_time(datetime.now(UTC) + timedelta(days=1), real_asyncio=True):
        response = await client.get("/reports/today", headers=token)

    assert response.status_code == 401


@pytest.mark.parametrize("tz", ["Nowhere/Land", "../etc", ""])
async def test_an_unknown_time_zone_is_refused(
    client: httpx.AsyncClient, token: dict[str, str], tz: str
) -> None:
    response = await client.get("/reports/today", params={"tz": tz}, headers=token)

    assert response.status_code == 400


@pytest.mark.parametrize(("date", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_may_have_23_or_25_hours(date: str, hours: int) -> None:
    begin, end = day_around(
        datetime.fromisoformat(f"{date}T12:00:00+00:00"), ZoneInfo("Europe/Berlin")
    )

    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)


async def test_the_busiest_days_come_first(
    client: httpx.AsyncClient, session: AsyncSession, todo_list: TodoList, token: dict[str, str]
) -> None:
    for day, count in ((1, 1), (2, 3), (3, 2)):
        for _ in range(count):
            due_at = datetime(2030, 1, day, 12, tzinfo=UTC)
            await TodoFactory.add(session, todo_list=todo_list, due_at=due_at)

    response = await client.get("/reports/busiest", params={"limit": 2}, headers=token)

    assert response.status_code == 200
    assert response.json() == [
        {"day": "2030-01-02", "todos": 3},
        {"day": "2030-01-03", "todos": 2},
    ]


async def test_reports_are_hidden_while_their_flag_is_off(
    app: FastAPI, client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    app.state.flags = app.state.flags | {"reports": False}

    response = await client.get("/reports/words", headers=token)

    assert response.status_code == 404
