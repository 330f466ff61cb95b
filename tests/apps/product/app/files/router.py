import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, UploadFile, status
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict

from app.body_limit import max_body_size
from app.database import SessionDep
from app.errors import AccountDisabled, NotAuthenticated, problems
from app.files import service
from app.files.models import StoredFile
from app.todos.errors import TodoNotFound
from app.todos.router import OwnTodo

router = APIRouter(
    prefix="/todos/{todo_id}/files",
    tags=["files"],
    responses=problems(NotAuthenticated, AccountDisabled, TodoNotFound),
)


class FileOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


def uploads(request: Request) -> Path:
    folder: Path = request.app.state.settings.uploads
    return folder


Uploads = Annotated[Path, Depends(uploads)]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    response_model=FileOut,
    responses=problems(service.FileTooLarge),
)
@max_body_size(2 * service.LIMIT)
async def upload(
    file: UploadFile, todo: OwnTodo, session: SessionDep, folder: Uploads
) -> StoredFile:
    stored = await service.store(session, todo, file, folder)
    await session.commit()
    return stored


@router.get("", response_model=list[FileOut])
async def files_of(todo: OwnTodo, session: SessionDep) -> Sequence[StoredFile]:
    return await service.files_of(session, todo)


@router.get("/{file_id}", response_class=FileResponse)
async def download(
    file_id: int, todo: OwnTodo, session: SessionDep, folder: Uploads
) -> FileResponse:
    stored = await session.get(StoredFile, file_id)
    if stored is None or stored.todo_id != todo.id:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "The todo has no such file.")
    path = folder / str(stored.key)
    if not await asyncio.to_thread(path.exists):
        raise HTTPException(status.HTTP_410_GONE, "The file was removed.")
    return FileResponse(path, media_type=stored.media_type, filename=stored.name)
