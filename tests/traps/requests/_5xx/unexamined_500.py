"""An endpoint raises in one of several requests whose results nobody examines."""

from fastapi import APIRouter

router = APIRouter()


@router.post("/trap")
async def trap() -> str:
    return dict[str, str]()["missing"]  # <-
