"""Errors are logged whose secrets were left out, or whose cause was cut off."""

import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from app.database import SessionDep
from app.security import hash_password
from app.users.models import User

CLIENTS = ("client", "concurrent_client")

router = APIRouter()
log = logging.getLogger("app.errors_without_secrets")


class StorageError(Exception):
    pass


def convert(password: str) -> None:
    try:
        int(password)
    except ValueError:
        raise StorageError("no PIN") from None


async def store(session: Any, password_hash: str) -> None:
    try:
        await session.execute(insert(User).values(email=None, password_hash=password_hash))
    except IntegrityError as error:
        await session.rollback()
        raise StorageError(type(error.orig).__name__) from None


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)], session: SessionDep) -> Any:
    try:
        convert(password)
    except StorageError:
        log.exception("refused")
    try:
        await store(session, await hash_password(password))
    except StorageError as error:
        error.add_note("argon2id with m=65536, t=3, p=4")
        log.warning("not stored: %r", error, exc_info=ExceptionGroup("two", [error]))
