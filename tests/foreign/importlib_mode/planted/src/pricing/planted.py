import asyncio
import time
from pathlib import Path

from fastapi import APIRouter, Depends

router = APIRouter(prefix="/planted")


async def settings() -> str:
    return Path(__file__).with_name("prices.json").read_text()  # <- blocking.file


@router.get("/dependency")
async def dependency(text: str = Depends(settings)) -> int:
    return len(text)


@router.get("/sleep")
async def sleep() -> None:
    time.sleep(0.01)  # <- blocking.sleep


@router.get("/leak")
async def leak() -> None:
    asyncio.create_task(asyncio.sleep(60))  # <- tasks.leaked


@router.get("/fails")
async def fails() -> int:
    return int("x")  # <- requests.5xx
