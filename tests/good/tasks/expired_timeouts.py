"""Timeouts expire, and what they cancel ends."""

import asyncio
from typing import Any

from fastapi import APIRouter

router = APIRouter()
KEPT: list[Any] = []


async def clean_up() -> None:
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)


async def translate() -> None:
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        raise LookupError from None


async def fail_to_clean_up() -> None:
    try:
        await asyncio.sleep(60)
    finally:
        raise LookupError


async def group() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(60))


async def nested() -> None:
    async with asyncio.timeout(0.01):
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)


async def retry() -> None:
    for _ in range(3):
        try:
            async with asyncio.timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            await asyncio.sleep(0)
    raise TimeoutError


WORK = (clean_up, translate, fail_to_clean_up, group, nested, retry)


@router.post("/trap")
async def trap() -> None:
    for work in WORK:
        try:
            async with asyncio.timeout(0.1):
                await work()
        except (TimeoutError, LookupError) as error:
            KEPT.append(error)
        try:
            await asyncio.wait_for(work(), 0.1)
        except (TimeoutError, LookupError) as error:
            KEPT.append(error)
    assert len(KEPT) == 2 * len(WORK)
    async with asyncio.timeout(5):
        task = asyncio.create_task(asyncio.sleep(60))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
