"""A library reads files, and keeps a task, by itself."""

from typing import Any

from fastapi import APIRouter, FastAPI

import trap_library

router = APIRouter()


async def middleware(scope: Any, receive: Any, send: Any) -> None:
    await trap_library.Middleware(FRAMEWORK)(scope, receive, send)


COUNTER = trap_library.Counter()
FRAMEWORK = FastAPI()


@router.post("/trap")
async def trap() -> str:
    await COUNTER.count()
    await trap_library.load("pyproject.toml")
    return trap_library.version()
