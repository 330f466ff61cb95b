"""What GraphQL offers: the lists of a user down to the comments, and one mutation."""

from typing import Any

import strawberry
from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession
from strawberry.fastapi import BaseContext, GraphQLRouter
from strawberry.types import Info

from app.auth.dependencies import CurrentUser
from app.database import SessionDep
from app.graph.loaders import Loaders
from app.todos import service
from app.todos.errors import ListNotFound
from app.todos.schemas import NewTodo
from app.users.models import User


class Context(BaseContext):
    def __init__(self, user: User, session: AsyncSession, loaders: Loaders) -> None:
        super().__init__()
        self.user = user
        self.session = session
        self.loaders = loaders


async def get_context(user: CurrentUser, session: SessionDep, request: Request) -> Context:
    return Context(user, session, Loaders(request.app.state.sessionmaker))


@strawberry.type
class Comment:
    text: str
    author: str | None


@strawberry.type
class Todo:
    id: strawberry.ID
    title: str
    is_done: bool
    tags: list[str]

    @strawberry.field
    async def comments(self, info: Info[Context, None]) -> list[Comment]:
        rows = await info.context.loaders.comments.load(int(self.id))
        return [Comment(text=row.text, author=row.author.full_name) for row in rows]


@strawberry.type
class TodoList:
    id: strawberry.ID
    title: str

    @strawberry.field
    async def todos(self, info: Info[Context, None]) -> list[Todo]:
        rows = await info.context.loaders.todos.load(int(self.id))
        return [as_todo(row) for row in rows]


def as_todo(row: Any) -> Todo:
    return Todo(
        id=strawberry.ID(str(row.id)),
        title=row.title,
        is_done=row.is_done,
        tags=[tag.name for tag in row.tags],
    )


@strawberry.type
class Query:
    @strawberry.field
    async def lists(self, info: Info[Context, None]) -> list[TodoList]:
        rows = await service.titles(info.context.session, info.context.user)
        return [TodoList(id=strawberry.ID(str(id_)), title=title) for id_, title in rows]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def add_todo(self, info: Info[Context, None], list_id: strawberry.ID, title: str) -> Todo:
        session = info.context.session
        try:
            todo_list = await service.get_list(session, info.context.user, int(list_id))
        except ListNotFound as error:
            raise ValueError(error.detail) from error
        todo = await service.add_todo(session, todo_list, NewTodo(title=title))
        await session.commit()
        return as_todo(todo)


schema = strawberry.Schema(Query, Mutation)
router: GraphQLRouter[Context, None] = GraphQLRouter(
    schema, context_getter=get_context, graphql_ide=None
)
