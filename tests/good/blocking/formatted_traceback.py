"""A traceback is made into text, with its source lines."""

import linecache
import traceback

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    try:
        raise ValueError
    except ValueError:
        linecache.clearcache()
        return traceback.format_exc()
