from collections.abc import Awaitable

import httpx
from fastapi import FastAPI

from tests.exploration.interruptions import Interruptions

from .retried_after_a_lost_answer import router


async def test_client(
    app: FastAPI, client: httpx.AsyncClient, interruptions: Interruptions
) -> None:
    app.include_router(router)

    def by_session() -> Awaitable[httpx.Response]:
        return client.put("/users/ada")

    def by_connection() -> Awaitable[httpx.Response]:
        return client.put("/rows/ada")

    for call in (by_session, by_connection):
        explored = await interruptions(call)
        assert {"commit@1", "kill@1"} <= {attempt.name for attempt in explored.schedules}
