"""With the first error, a library that reports it lists what is installed."""

from fastapi import APIRouter

from trap_library import list_packages

router = APIRouter()


@router.post("/trap")
async def trap() -> int:
    return list_packages()
