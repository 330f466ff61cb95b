"""A library logs an error with the values of all variables."""

from fastapi import APIRouter

from trap_library import describe

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    try:
        raise ValueError
    except ValueError as error:
        return describe(error, error.__traceback__)
