"""A function is asked for its source, as frameworks do for their messages."""

import inspect
import linecache

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    linecache.clearcache()
    return inspect.getsource(trap)
