"""A hundred and twenty thousand rows are checked against the response model."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

SAYS = "of CPU time on the event loop, in fastapi."

router = APIRouter()


class Row(BaseModel):
    id: int
    name: str
    tags: list[str]


ROWS = [{"id": 1, "name": "ada", "tags": ["new"]}] * 120_000


@router.post("/trap", response_model=list[Row])
async def trap() -> Any:  # <-
    return ROWS
