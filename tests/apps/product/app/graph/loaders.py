"""Loads for many parents at once, as GraphQL asks for them one by one."""

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker
from sqlalchemy.orm import joinedload, selectinload
from strawberry.dataloader import DataLoader

from app.comments.models import Comment
from app.todos.models import Todo


class Loaders:
    """The loaders of one request. Each has a session of its own: they run at the same time."""

    def __init__(self, sessionmaker: async_sessionmaker[AsyncSession]) -> None:
        self._sessionmaker = sessionmaker
        self.todos: DataLoader[int, list[Todo]] = DataLoader(self._load_todos)
        self.comments: DataLoader[int, list[Comment]] = DataLoader(self._load_comments)

    async def _load_todos(self, list_ids: list[int]) -> list[list[Todo]]:
        found = defaultdict(list)
        async with self._sessionmaker() as session:
            for todo in await session.scalars(
                select(Todo)
                .where(Todo.list_id.in_(list_ids))
                .options(selectinload(Todo.tags))
                .order_by(Todo.id)
            ):
                found[todo.list_id].append(todo)
        return [found[key] for key in list_ids]

    async def _load_comments(self, todo_ids: list[int]) -> list[list[Comment]]:
        found = defaultdict(list)
        async with self._sessionmaker() as session:
            for comment in await session.scalars(
                select(Comment)
                .where(Comment.todo_id.in_(todo_ids))
                .options(joinedload(Comment.author))
                .order_by(Comment.id)
            ):
                found[comment.todo_id].append(comment)
        return [found[key] for key in todo_ids]
