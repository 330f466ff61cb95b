import asyncio
import time
from pathlib import Path
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request

from orders.settings import ROOT

router = APIRouter(prefix="/extras")


class Cache:
    async def clear(self) -> None:
        await asyncio.sleep(0)


cache = Cache()


@router.get("/terms")
async def terms() -> str:
    return (ROOT / "pyproject.toml").read_text()  # <- blocking.file


@router.post("/webhook")
async def webhook(request: Request) -> dict[str, Any]:
    body = await request.json()
    for _ in range(2):
        if body:
            break
    time.sleep(0.02)  # <- blocking.sleep
    return {"ok": True}


async def refresh_later() -> None:
    await asyncio.sleep(60)


@router.post("/refresh", status_code=202)
async def refresh() -> None:
    asyncio.create_task(refresh_later())  # <- tasks.leaked


@router.delete("/cache", status_code=204)
async def clear_cache() -> None:
    cache.clear()  # <- warnings.never-awaited


def export(path: Path) -> None:
    raise OSError(path)  # <- requests.late-error


@router.post("/export", status_code=202)
async def start_export(background: BackgroundTasks) -> None:
    background.add_task(export, Path("out.csv"))
