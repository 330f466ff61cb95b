"""A group of errors has a note with a password hash."""

import asyncio
import logging
from typing import Annotated, Any

from fastapi import APIRouter, Body

from app.security import hash_password

SAYS = "POST /trap logged a password hash (logger `app.import`, WARNING)"

router = APIRouter()


async def store(row: dict[str, str]) -> None:
    raise RuntimeError("no such table")


@router.post("/trap")
async def trap(password: Annotated[str, Body(embed=True)]) -> Any:
    row = {"password_hash": await hash_password(password)}
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(store(row))
    except ExceptionGroup as errors:
        errors.add_note(f"for {row}")
        logging.getLogger("app.import").warning("not imported", exc_info=errors)  # <-
