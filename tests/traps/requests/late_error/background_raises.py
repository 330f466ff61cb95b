"""A background task raises after the answer."""

from fastapi import APIRouter, BackgroundTasks

router = APIRouter()


async def work() -> None:
    raise ValueError("lost")  # <-


@router.post("/trap")
async def trap(tasks: BackgroundTasks) -> None:
    tasks.add_task(work)
