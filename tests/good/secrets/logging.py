"""Ordinary logging."""

import logging

from fastapi import APIRouter

router = APIRouter()


class NotLoaded:
    """As an object of an ORM whose session is closed."""

    def __str__(self) -> str:
        raise RuntimeError("not loaded")


@router.post("/trap")
async def trap() -> None:
    logging.getLogger("app").warning("a line")
    logging.getLogger("app").info("another %s", "line")
    logging.getLogger("app").debug("a line below the level: %s", NotLoaded())
    logging.getLogger("app").debug(NotLoaded())
    print("to stdout")
    try:
        raise ValueError("x")
    except ValueError:
        logging.getLogger("app").exception("with a traceback")
