from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, Request, status

from app.auth.dependencies import CurrentUser
from app.comments import service
from app.comments.models import Comment
from app.comments.schemas import CommentOut, NewComment
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.mails.service import tell_of_comment
from app.todos.errors import TodoNotFound
from app.todos.router import OwnTodo

router = APIRouter(
    prefix="/todos/{todo_id}/comments",
    tags=["comments"],
    responses=problems(NotAuthenticated, AccountDisabled, TodoNotFound),
)


@router.post("", status_code=status.HTTP_201_CREATED, response_model=CommentOut)
async def add_comment(
    new: NewComment,
    todo: OwnTodo,
    user: CurrentUser,
    session: SessionDep,
    request: Request,
    tasks: BackgroundTasks,
) -> Comment:
    comment = await service.add_comment(session, todo, user, new.text)
    await session.commit()
    state = request.app.state
    tasks.add_task(tell_of_comment, state.sessionmaker, state.http, state.settings, comment.id)
    return comment


@router.get("", response_model=list[CommentOut])
async def comments_on(todo: OwnTodo, session: SessionDep) -> Sequence[Comment]:
    return await service.comments_on(session, todo)
