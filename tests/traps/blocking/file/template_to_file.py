"""A template is written to a file."""

import jinja2
from fastapi import APIRouter

router = APIRouter()

TEMPLATE = jinja2.Template("hello")


@router.post("/trap")
async def trap() -> None:
    TEMPLATE.stream().dump("hello.txt")  # <-
