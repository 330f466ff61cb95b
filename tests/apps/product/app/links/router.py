from fastapi import APIRouter, Request

from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.links import service
from app.todos.errors import TodoNotFound
from app.todos.router import OwnTodo

router = APIRouter(
    prefix="/todos/{todo_id}/links",
    tags=["links"],
    responses=problems(NotAuthenticated, AccountDisabled, TodoNotFound),
)


@router.get("")
async def links(todo: OwnTodo, session: SessionDep, request: Request) -> dict[str, str | None]:
    # No connection is held while the pages are fetched.
    await session.commit()
    return await service.previews(request.app.state.http, todo.title)
