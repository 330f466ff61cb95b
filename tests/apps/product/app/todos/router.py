import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Annotated

import aiofiles
from fastapi import APIRouter, Depends, Path, Query, status
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.auth.dependencies import CurrentUser, SettingsDep
from app.database import SessionDep
from app.errors import AccountDisabled, ChangedMeanwhile, NotAuthenticated, problems
from app.outbox.service import announce
from app.todos import service
from app.todos.errors import ListNotFound, TitleTaken, TodoNotFound
from app.todos.models import Priority, Todo, TodoList
from app.todos.schemas import (
    ListOut,
    ListWithTodos,
    NewList,
    NewTodo,
    Page,
    Title,
    TodoOut,
    TodoUpdate,
)

RETRIES = 10

router = APIRouter(
    tags=["todos"], responses=problems(NotAuthenticated, AccountDisabled, ListNotFound)
)


async def own_list(list_id: int, user: CurrentUser, session: SessionDep) -> TodoList:
    return await service.get_list(session, user, list_id)


OwnList = Annotated[TodoList, Depends(own_list)]


async def own_todo(todo_id: int, user: CurrentUser, session: SessionDep) -> Todo:
    return await service.get_todo(session, user, todo_id)


OwnTodo = Annotated[Todo, Depends(own_todo)]


@router.post(
    "/lists",
    status_code=status.HTTP_201_CREATED,
    response_model=ListOut,
    responses=problems(TitleTaken),
)
async def create_list(new: NewList, user: CurrentUser, session: SessionDep) -> TodoList:
    todo_list = await service.create_list(session, user, title=new.title)
    await session.commit()
    return todo_list


@router.get("/lists", response_model=list[ListWithTodos])
async def my_lists(user: CurrentUser, session: SessionDep) -> Sequence[TodoList]:
    return await service.lists_of(session, user)


@router.delete("/lists/{list_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_list(todo_list: OwnList, session: SessionDep) -> None:
    await service.delete_list(session, todo_list)
    await session.commit()


@router.post("/lists/{list_id}/todos", status_code=status.HTTP_201_CREATED, response_model=TodoOut)
async def add_todo(new: NewTodo, todo_list: OwnList, session: SessionDep) -> Todo:
    todo = await service.add_todo(session, todo_list, new)
    await announce(session, "todo-added", {"id": todo.id, "title": todo.title})
    await session.commit()
    return todo


@router.get("/lists/{list_id}/todos")
async def page_of_todos(
    todo_list: OwnList,
    session: SessionDep,
    is_done: bool | None = None,
    priority: Priority | None = None,
    tag: str | None = None,
    search: str | None = None,
    after: Annotated[int, Query(ge=0)] = 0,
    size: Annotated[int, Query(ge=1, le=100)] = service.PAGE,
) -> Page:
    todos = await service.page_of(
        session,
        todo_list.id,
        filters=service.Filters(is_done=is_done, priority=priority, tag=tag, search=search),
        after=after,
        size=size,
    )
    return Page(
        items=[TodoOut.model_validate(todo) for todo in todos],
        next=todos[-1].id if len(todos) == size else None,
    )


@router.post("/lists/{list_id}/import", status_code=status.HTTP_201_CREATED)
async def import_todos(titles: list[Title], todo_list: OwnList, session: SessionDep) -> int:
    count = await service.import_todos(session, todo_list, titles)
    await session.commit()
    return count


@router.delete("/lists/{list_id}/done")
async def delete_done(todo_list: OwnList, session: SessionDep) -> int:
    list_id, total = todo_list.id, 0
    # Each batch is a transaction of its own, so that no lock is held for long.
    while removed := await service.delete_done(session, list_id):
        await session.commit()
        total += removed
    return total


@router.get("/lists/{list_id}/todos.csv", response_class=StreamingResponse)
async def export_todos(todo_list: OwnList, session: SessionDep) -> StreamingResponse:
    return StreamingResponse(
        as_csv(session, todo_list.id),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{todo_list.slug}.csv"'},
    )


@router.post("/lists/{list_id}/backup", status_code=status.HTTP_201_CREATED)
async def back_up(todo_list: OwnList, session: SessionDep, settings: SettingsDep) -> int:
    """Write a list to a file, a line for each todo, and answer how many it has."""
    count = 0
    path = settings.uploads / f"list-{todo_list.id}.jsonl"
    async with aiofiles.open(path, "w", encoding="utf-8") as file:
        async for todo in service.walk(session, todo_list.id):
            await file.write(TodoOut.model_validate(todo).model_dump_json() + "\n")
            count += 1
    return count


async def as_csv(session: AsyncSession, list_id: int) -> AsyncIterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", "title", "is_done", "priority", "tags"])
    async for todo in service.walk(session, list_id):
        tags = " ".join(tag.name for tag in todo.tags)
        writer.writerow([todo.id, todo.title, todo.is_done, todo.priority, tags])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


@router.get("/todos/{todo_id}", response_model=TodoOut, responses=problems(TodoNotFound))
async def read_todo(todo: OwnTodo) -> Todo:
    return todo


@router.patch(
    "/todos/{todo_id}",
    response_model=TodoOut,
    responses=problems(TodoNotFound, ChangedMeanwhile),
)
async def update_todo(changes: TodoUpdate, todo: OwnTodo, session: SessionDep) -> Todo:
    await service.update_todo(
        session,
        todo,
        changes.model_dump(exclude_unset=True, exclude={"version"}),
        version=changes.version,
    )
    await session.commit()
    return todo


@router.post(
    "/todos/{todo_id}/votes",
    response_model=TodoOut,
    responses=problems(TodoNotFound, ChangedMeanwhile),
)
async def vote(todo_id: Annotated[int, Path()], user: CurrentUser, session: SessionDep) -> Todo:
    for _ in range(RETRIES):
        try:
            todo = await service.vote(session, user, todo_id)
            await session.commit()
        except StaleDataError:
            await session.rollback()
            # What the rollback has expired is loaded again here, not on the way.
            await session.refresh(user)
        else:
            return todo
    raise ChangedMeanwhile
