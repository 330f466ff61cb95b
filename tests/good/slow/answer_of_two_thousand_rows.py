"""Two thousand rows are checked against the response model and encoded."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

router = APIRouter()


class Row(BaseModel):
    id: int
    name: str


@router.post("/trap", response_model=list[Row])
async def trap() -> Any:
    return [{"id": number, "name": "ada"} for number in range(2_000)]
