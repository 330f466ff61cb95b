"""A defect for each rule, which the self-test commits. It counts as the code of an application."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

from . import rules
from .asgi import Receive, Send, answer, serve
from .rules import Rule

Plant = Callable[[], Coroutine[Any, Any, None]]


async def sleep() -> None:
    with contextlib.suppress(Exception):
        time.sleep(0.001)  # noqa: ASYNC251


async def compute() -> None:
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass


async def leak_task() -> None:
    asyncio.create_task(asyncio.sleep(60))  # noqa: RUF006


async def forget_to_await() -> None:
    asyncio.sleep(0)  # type: ignore[unused-coroutine]


async def crash() -> None:
    async def application(scope: object, receive: object, send: object) -> None:
        raise LookupError("an error that no handler maps to a status")

    with contextlib.suppress(LookupError):
        await serve(application)


async def forget_to_commit() -> None:
    from sqlalchemy import create_engine, text
    from sqlalchemy.orm import Session

    def write() -> None:
        engine = create_engine("sqlite://")
        with Session(engine) as session:
            session.execute(text("CREATE TABLE rows (id INTEGER)"))
            session.execute(text("INSERT INTO rows VALUES (1)"))
        engine.dispose()

    async def application(scope: object, receive: object, send: Send) -> None:
        await asyncio.to_thread(write)
        await answer(send)

    await serve(application)


async def echo() -> None:
    async def application(scope: object, receive: Receive, send: Send) -> None:
        message = await receive()
        await answer(send, message["body"])

    await serve(application, b'{"password": "correct horse battery staple"}')


PLANTS: dict[Rule, Plant] = {
    rules.BLOCKING_SLEEP: sleep,
    rules.SLOW_CPU: compute,
    rules.LEAKED_TASK: leak_task,
    rules.NEVER_AWAITED: forget_to_await,
    rules.NO_ANSWER: crash,
    rules.LOST_COMMIT: forget_to_commit,
    rules.PASSWORD_IN_RESPONSE: echo,
}
