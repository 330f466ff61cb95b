"""Reports on the todos of a user."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Date, Row, column, func, insert, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.todos.models import Todo, TodoList
from app.users.models import User

busy_days = table("busy_days", column("day", Date))


def word_counts(titles: list[str], limit: int) -> list[tuple[str, int]]:
    """Count words. Runs in a process of its own: it takes as long as there are titles."""
    words = Counter(word for title in titles for word in title.lower().split())
    return sorted(words.items(), key=lambda item: (-item[1], item[0]))[:limit]


async def titles_of(session: AsyncSession, owner: User) -> list[str]:
    rows = await session.scalars(
        select(Todo.title).join(TodoList).where(TodoList.owner_id == owner.id)
    )
    return list(rows)


def day_around(moment: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the day of a moment begins and ends in a time zone, DST or not."""
    today = moment.astimezone(zone).date()
    return (
        datetime.combine(today, time(), zone),
        datetime.combine(today + timedelta(days=1), time(), zone),
    )


async def due_between(
    session: AsyncSession, owner: User, begin: datetime, end: datetime
) -> Sequence[Todo]:
    rows = await session.scalars(
        select(Todo)
        .join(TodoList)
        .where(TodoList.owner_id == owner.id, Todo.due_at >= begin, Todo.due_at < end)
        .order_by(Todo.due_at, Todo.id)
    )
    return rows.all()


async def busiest_days(
    session: AsyncSession, owner: User, zone: ZoneInfo, *, limit: int
) -> Sequence[Row[date, int]]:
    """Return the days on which most is due. The temporary table ends with the transaction."""
    await session.execute(text("CREATE TEMPORARY TABLE busy_days (day date) ON COMMIT DROP"))
    day = func.date(func.timezone(zone.key, Todo.due_at))
    await session.execute(
        insert(busy_days).from_select(
            ["day"],
            select(day)
            .join(TodoList)
            .where(TodoList.owner_id == owner.id, Todo.due_at.is_not(None)),
        )
    )
    rows = await session.execute(
        select(busy_days.c.day, func.count().label("todos"))
        .group_by(busy_days.c.day)
        .order_by(func.count().desc(), busy_days.c.day)
        .limit(limit)
    )
    return rows.all()
