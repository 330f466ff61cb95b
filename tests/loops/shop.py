"""An application with a defect behind each path. The lines that findings must name are marked."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

engine = create_engine(
    "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
)
with engine.begin() as connection:
    connection.execute(text("CREATE TABLE orders (id INTEGER)"))


async def block() -> None:
    time.sleep(0.001)  # BAD: blocking.sleep


async def leak() -> None:
    asyncio.create_task(asyncio.sleep(60))  # BAD: tasks.leaked


async def hang() -> None:
    await asyncio.Event().wait()  # BAD: requests.hang


async def fail() -> None:
    raise LookupError("nobody looks")  # BAD: tasks.unseen-exception


async def drop() -> None:
    asyncio.create_task(fail())
    await asyncio.sleep(0)


def write(*, commits: bool) -> None:
    with Session(engine) as session:
        session.execute(text("INSERT INTO orders VALUES (1)"))  # BAD: database.lost-commit
        if commits:
            session.commit()


async def lose() -> None:
    await asyncio.to_thread(write, commits=False)


DEFECTS: dict[str, Callable[[], Awaitable[None]]] = {
    "blocking.sleep": block,
    "tasks.leaked": leak,
    "requests.hang": hang,
    "tasks.unseen-exception": drop,
    "database.lost-commit": lose,
}


async def audit() -> None:
    await asyncio.sleep(0.01)
    await asyncio.to_thread(write, commits=True)


async def work() -> None:
    """Do what an application may do."""
    async with asyncio.TaskGroup() as group:
        group.create_task(audit())
        group.create_task(asyncio.to_thread(time.sleep, 0.002))
    task = asyncio.create_task(asyncio.sleep(60))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def serve(request: Request) -> JSONResponse:
    await (DEFECTS.get(request.query_params.get("defect", "")) or work)()
    return JSONResponse({})


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    await (DEFECTS.get(await websocket.receive_text()) or work)()
    await websocket.send_text("done")
    await websocket.close()


async def answer_and_fail(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 500, "headers": []})
    await send({"type": "http.response.body", "body": b""})
    await asyncio.sleep(0.2)
    raise LookupError("the client has its answer")  # LATE: requests.5xx


async def answer_and_work(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})
    await asyncio.sleep(0.2)
    raise LookupError("the next test runs")  # AFTER: requests.late-error


async def refuse_all(request: Request) -> JSONResponse:
    raise LookupError("nobody asserts it")  # BETWEEN: requests.5xx


failing = Starlette(
    routes=[
        Mount("/late", answer_and_fail),
        Mount("/after", answer_and_work),
        Route("/", refuse_all),
    ]
)
app = Starlette(routes=[Route("/", serve, methods=["POST"]), WebSocketRoute("/talk", talk)])


def command() -> None:
    """Run as from a shell: the loop is the application's own."""

    async def main() -> None:
        time.sleep(0.001)
        await work()

    asyncio.run(main())


def command_on_uvloop() -> None:
    import uvloop

    uvloop.run(work())


@contextlib.asynccontextmanager
async def refuse(app: Starlette) -> AsyncIterator[None]:
    raise SystemExit("DATABASE_URL is missing")
    yield


misconfigured = Starlette(lifespan=refuse)
