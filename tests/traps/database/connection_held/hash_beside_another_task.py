"""A request waits, with its connection, for tasks that do their work in threads."""

import asyncio
import hashlib

from fastapi import APIRouter
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool

from app.database import SessionDep
from app.users.models import User

SAYS = "while it waited for work in a thread"
CLIENTS = ("client", "concurrent_client")

router = APIRouter()


def derive(text: str) -> bytes:
    return hashlib.scrypt(text.encode(), salt=b"salt", n=2, r=1, p=1)


@router.post("/trap")
async def trap(session: SessionDep) -> int:
    users = (await session.scalars(select(User))).all()
    keys = [run_in_threadpool(derive, text) for text in ("salt", "pepper")]
    return len(users) + len(await asyncio.gather(*keys))  # <-
