"""A client that a module has made is started and never closed."""

from fastapi import APIRouter

from trap_library import Client

router = APIRouter()
client = Client()


@router.post("/trap")
async def trap() -> None:
    await client.start()  # <-
