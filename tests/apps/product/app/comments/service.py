"""Comments on todos. Functions flush; whoever calls them commits."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from app.comments.models import Comment
from app.todos.models import Todo, TodoList
from app.users.models import User


async def add_comment(session: AsyncSession, todo: Todo, author: User, text: str) -> Comment:
    """Add a comment to a todo."""
    comment = Comment(todo_id=todo.id, author=author, text=text)
    session.add(comment)
    await session.flush()
    return comment


async def comments_on(session: AsyncSession, todo: Todo) -> Sequence[Comment]:
    """Return the comments on a todo with their authors, the oldest first."""
    rows = await session.scalars(
        select(Comment)
        .where(Comment.todo_id == todo.id)
        .options(joinedload(Comment.author))
        .order_by(Comment.id)
    )
    return rows.all()


async def owner_email(session: AsyncSession, todo_id: int) -> str | None:
    """Return the address of whom a todo belongs to."""
    return await session.scalar(
        select(User.email)
        .join(TodoList, TodoList.owner_id == User.id)
        .join(Todo, Todo.list_id == TodoList.id)
        .where(Todo.id == todo_id)
    )
