"""Uploaded files. Functions flush; whoever calls them commits."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from uuid import uuid4

import aiofiles
from fastapi import UploadFile
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import DomainError
from app.files.models import StoredFile
from app.todos.models import Todo

CHUNK = 256 * 1024
LIMIT = 8 * 1024 * 1024


class FileTooLarge(DomainError):
    status = HTTPStatus(413)
    detail = "A file may have 8 MB."


async def store(session: AsyncSession, todo: Todo, upload: UploadFile, folder: Path) -> StoredFile:
    """Write an upload to disk, piece by piece, and note where it is.

    Raises:
        FileTooLarge: It has more than 8 MB.
    """
    if (upload.size or 0) > LIMIT:
        raise FileTooLarge
    key, size, digest = uuid4(), 0, hashlib.sha256()
    async with aiofiles.open(folder / str(key), "wb") as file:
        while chunk := await upload.read(CHUNK):
            size += len(chunk)
            digest.update(chunk)
            await file.write(chunk)
    stored = StoredFile(
        key=key,
        todo_id=todo.id,
        name=upload.filename or "file",
        media_type=upload.content_type or "application/octet-stream",
        size=size,
        sha256=digest.hexdigest(),
    )
    session.add(stored)
    await session.flush()
    return stored


async def files_of(session: AsyncSession, todo: Todo) -> Sequence[StoredFile]:
    rows = await session.scalars(
        select(StoredFile).where(StoredFile.todo_id == todo.id).order_by(StoredFile.id)
    )
    return rows.all()
