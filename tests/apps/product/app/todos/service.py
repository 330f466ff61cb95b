"""Todo lists. Functions flush and raise domain errors; whoever calls them commits."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.database import violated_constraint
from app.errors import ChangedMeanwhile
from app.todos.errors import ListNotFound, TitleTaken, TodoNotFound
from app.todos.models import UNIQUE_TITLE, Priority, Tag, Todo, TodoList
from app.todos.schemas import NewTodo
from app.users.models import User

PAGE = 50


@dataclass(frozen=True)
class Filters:
    """Which todos of a list are meant."""

    is_done: bool | None = None
    priority: Priority | None = None
    tag: str | None = None
    search: str | None = None


def slug_of(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "list"


async def create_list(session: AsyncSession, owner: User, *, title: str) -> TodoList:
    """Add a list.

    Raises:
        TitleTaken: The owner has a list with this title.
    """
    todo_list = TodoList(owner_id=owner.id, title=title, slug=slug_of(title))
    try:
        async with session.begin_nested():
            session.add(todo_list)
    except IntegrityError as error:
        if violated_constraint(error) == UNIQUE_TITLE:
            raise TitleTaken from error
        raise
    return todo_list


async def lists_of(session: AsyncSession, owner: User) -> Sequence[TodoList]:
    """Return the lists of a user with all their todos and tags."""
    rows = await session.scalars(
        select(TodoList)
        .where(TodoList.owner_id == owner.id)
        .options(selectinload(TodoList.todos).selectinload(Todo.tags))
        .order_by(TodoList.id)
    )
    return rows.all()


async def titles(session: AsyncSession, owner: User) -> Sequence[Row[int, str]]:
    """Return the ids and titles of the lists of a user."""
    query = (
        select(TodoList.id, TodoList.title)
        .where(TodoList.owner_id == owner.id)
        .order_by(TodoList.id)
    )
    return (await session.execute(query)).all()


async def get_list(session: AsyncSession, owner: User, list_id: int) -> TodoList:
    """Return a list of a user.

    Raises:
        ListNotFound: There is none with this id, or it is somebody else's.
    """
    todo_list = await session.get(TodoList, list_id)
    if todo_list is None or todo_list.owner_id != owner.id:
        raise ListNotFound
    return todo_list


async def delete_list(session: AsyncSession, todo_list: TodoList) -> None:
    """Remove a list; the database removes what is in it."""
    await session.delete(todo_list)
    await session.flush()


async def tags_named(session: AsyncSession, names: Iterable[str]) -> list[Tag]:
    """Return the tags with these names. Those that are missing are made."""
    wanted = sorted(set(names))
    if not wanted:
        return []
    await session.execute(
        upsert(Tag).values([{"name": name} for name in wanted]).on_conflict_do_nothing()
    )
    return list(await session.scalars(select(Tag).where(Tag.name.in_(wanted)).order_by(Tag.name)))


async def add_todo(session: AsyncSession, todo_list: TodoList, new: NewTodo) -> Todo:
    """Add a todo with its tags to a list."""
    todo = Todo(
        list_id=todo_list.id,
        title=new.title,
        priority=new.priority,
        due_at=new.due_at,
        tags=await tags_named(session, new.tags),
    )
    session.add(todo)
    await session.flush()
    return todo


async def import_todos(session: AsyncSession, todo_list: TodoList, titles: list[str]) -> int:
    """Add many todos at once, and return how many."""
    rows = [{"list_id": todo_list.id, "title": title} for title in titles]
    if rows:
        await session.execute(insert(Todo), rows)
    return len(rows)


async def page_of(
    session: AsyncSession, list_id: int, *, filters: Filters, after: int = 0, size: int = PAGE
) -> Sequence[Todo]:
    """Return the todos of a list that come after an id, with their tags."""
    query = (
        select(Todo)
        .where(Todo.list_id == list_id, Todo.id > after)
        .options(selectinload(Todo.tags))
        .order_by(Todo.id)
        .limit(size)
    )
    if filters.is_done is not None:
        query = query.where(Todo.is_done.is_(filters.is_done))
    if filters.priority is not None:
        query = query.where(Todo.priority == filters.priority)
    if filters.tag is not None:
        query = query.where(Todo.tags.any(Tag.name == filters.tag))
    if filters.search is not None:
        query = query.where(Todo.title.icontains(filters.search, autoescape=True))
    return (await session.scalars(query)).all()


async def walk(session: AsyncSession, list_id: int) -> AsyncIterator[Todo]:
    """Yield all the todos of a list, page by page, so that a long list needs little memory."""
    after = 0
    while page := await page_of(session, list_id, filters=Filters(), after=after):
        for todo in page:
            yield todo
        after = page[-1].id


async def get_todo(session: AsyncSession, owner: User, todo_id: int) -> Todo:
    """Return a todo of a user, with its tags.

    Raises:
        TodoNotFound: There is none with this id, or it is somebody else's.
    """
    todo = await session.scalar(
        select(Todo)
        .join(Todo.todo_list)
        .where(Todo.id == todo_id, TodoList.owner_id == owner.id)
        .options(selectinload(Todo.tags))
    )
    if todo is None:
        raise TodoNotFound
    return todo


async def update_todo(
    session: AsyncSession, todo: Todo, changes: dict[str, Any], *, version: int | None
) -> None:
    """Set the given attributes of a todo.

    Raises:
        ChangedMeanwhile: The todo has another version by now.
    """
    if version not in {None, todo.version}:
        raise ChangedMeanwhile
    if "tags" in changes:
        changes = changes | {"tags": await tags_named(session, changes["tags"] or ())}
    for name, value in changes.items():
        setattr(todo, name, value)
    await session.flush()


async def vote(session: AsyncSession, owner: User, todo_id: int) -> Todo:
    """Add one vote to a todo, if nobody else does at the same moment.

    Raises:
        StaleDataError: Somebody did. Roll back and try again.
    """
    todo = await get_todo(session, owner, todo_id)
    todo.votes += 1
    await session.flush()
    return todo


async def delete_done(session: AsyncSession, list_id: int, *, batch: int = 100) -> int:
    """Remove one batch of done todos, and return how many they were."""
    doomed = (
        select(Todo.id)
        .where(Todo.list_id == list_id, Todo.is_done)
        .order_by(Todo.id)
        .limit(batch)
        .scalar_subquery()
    )
    removed = await session.scalars(delete(Todo).where(Todo.id.in_(doomed)).returning(Todo.id))
    return len(removed.all())
