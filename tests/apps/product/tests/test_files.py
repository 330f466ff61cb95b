"""Uploads and downloads."""

import hashlib
import os

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.files.models import StoredFile
from app.todos.models import Todo

FIVE_MEGABYTES = os.urandom(5 * 1024 * 1024)


@pytest.fixture
async def stored(client: httpx.AsyncClient, todo: Todo, token: dict[str, str]) -> int:
    """The id of an uploaded file."""
    response = await client.post(
        f"/todos/{todo.id}/files",
        files={"file": ("note.txt", b"hello", "text/plain")},
        headers=token,
    )
    assert response.status_code == 201
    file_id: int = response.json()["id"]
    return file_id


async def test_a_large_file_is_stored(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    response = await client.post(
        f"/todos/{todo.id}/files",
        files={"file": ("picture.png", FIVE_MEGABYTES, "image/png")},
        headers=token,
    )

    assert response.status_code == 201
    stored = (await session.scalars(select(StoredFile))).one()
    assert (stored.name, stored.size) == ("picture.png", len(FIVE_MEGABYTES))
    assert stored.sha256 == hashlib.sha256(FIVE_MEGABYTES).hexdigest()


async def test_a_file_comes_back_as_it_was(
    client: httpx.AsyncClient, todo: Todo, token: dict[str, str], stored: int
) -> None:
    response = await client.get(f"/todos/{todo.id}/files/{stored}", headers=token)

    assert response.status_code == 200
    assert response.content == b"hello"
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["content-disposition"] == 'attachment; filename="note.txt"'


async def test_the_files_of_a_todo_are_listed(
    client: httpx.AsyncClient, todo: Todo, token: dict[str, str], stored: int
) -> None:
    response = await client.get(f"/todos/{todo.id}/files", headers=token)

    assert response.status_code == 200
    assert [(file["id"], file["name"]) for file in response.json()] == [(stored, "note.txt")]


async def test_a_file_that_is_too_large_is_refused(
    client: httpx.AsyncClient, session: AsyncSession, todo: Todo, token: dict[str, str]
) -> None:
    response = await client.post(
        f"/todos/{todo.id}/files",
        files={"file": ("film.mkv", bytes(9 * 1024 * 1024))},
        headers=token,
    )

    assert response.status_code == 413
    assert response.json()["type"] == "/problems/file-too-large"
    assert (await session.scalars(select(StoredFile))).all() == []


async def test_a_file_that_was_removed_is_gone(
    app: FastAPI, client: httpx.AsyncClient, todo: Todo, token: dict[str, str], stored: int
) -> None:
    for path in app.state.settings.uploads.iterdir():
        path.unlink()

    response = await client.get(f"/todos/{todo.id}/files/{stored}", headers=token)

    assert response.status_code == 410
    assert response.json()["detail"] == "The file was removed."
