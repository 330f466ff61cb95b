"""Clients that are closed in a way of their own, and a task group that ends its tasks."""

from types import TracebackType
from typing import Self

import anyio
import httpx
from anyio.abc import TaskGroup
from fastapi import APIRouter

router = APIRouter()


class Client(httpx.AsyncClient):
    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self._transport.__aexit__(kind, error, traceback)


class ClosedByName(httpx.AsyncClient):
    async def aclose(self) -> None:
        await self._transport.aclose()


class Workers:
    def __init__(self) -> None:
        self._group: TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._group.start_soon(anyio.sleep_forever)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._group.cancel_scope.cancel()
        return await self._group.__aexit__(kind, error, traceback)


@router.post("/trap")
async def trap() -> None:
    async with Client(), Workers():
        await anyio.sleep(0)
    await ClosedByName().aclose()
