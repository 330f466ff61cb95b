"""A library reads the data of locales, each when it is first asked for it."""

from babel import Locale
from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap(name: str) -> str:
    return str(Locale.parse(name).display_name)


async def describe(name: str) -> str:
    return str(Locale.parse(name).display_name)
