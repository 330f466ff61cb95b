"""Ordinary logging."""

import logging

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> None:
    logging.getLogger("app").warning("a line")
    logging.getLogger("app").info("another %s", "line")
    print("to stdout")
    try:
        raise ValueError("x")
    except ValueError:
        logging.getLogger("app").exception("with a traceback")
