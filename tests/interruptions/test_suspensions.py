"""Each moment at which a call waits is counted, and the call can be cancelled there."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.exploration import suspensions
from tests.exploration.suspensions import Suspensions
from tests.exploration.waiting import frames_of

Call = Callable[[], Awaitable[Any]]


class Log(list[str]):
    """What a call has done."""

    async def step(self, name: str) -> None:
        self.append(f"{name} begins")
        await asyncio.sleep(0)
        self.append(f"{name} ends")


async def cancelled_everywhere(call: Callable[[Log], Awaitable[Any]]) -> list[Log]:
    """Cancel a call at each of its suspensions, and return what each has done."""
    logs = []
    for number in range(1, 100):
        log = Log()
        run = Suspensions(innermost, cancel_at=number)
        task = await run.run(lambda log=log: call(log))  # type: ignore[misc]
        assert run.was_cancelled == task.cancelled()
        logs.append(log)
        if not run.was_cancelled:
            return logs
    raise AssertionError("it never ends")


def innermost(coroutine: Any) -> str:
    """The innermost function of this file."""
    codes = (frame.f_code for frame in frames_of(coroutine))
    return next((code.co_name for code in codes if code.co_filename == __file__), "")


async def functions(call: Call) -> list[str]:
    """The innermost functions of this file, at each suspension of a call."""
    run = Suspensions(innermost)
    await run.run(call)
    return run.places


async def test_a_call_is_cancelled_at_each_of_its_awaits() -> None:
    async def call(log: Log) -> None:
        await log.step("A")
        await log.step("B")

    assert await cancelled_everywhere(call) == [
        ["A begins"],
        ["A begins", "A ends", "B begins"],
        ["A begins", "A ends", "B begins", "B ends"],
    ]


async def test_the_result_of_a_call_is_that_of_its_task() -> None:
    async def call() -> int:
        await asyncio.sleep(0)
        return 42

    run = Suspensions(innermost)

    assert (await run.run(call)).result() == 42
    assert (len(run.places), run.was_cancelled, run.left) == (1, False, [])


async def test_an_error_of_a_call_stays_in_its_task() -> None:
    async def call() -> None:
        raise ValueError("wrong")

    task = await Suspensions(innermost, cancel_at=1).run(call)

    assert repr(task.exception()) == "ValueError('wrong')"


async def test_the_suspensions_of_the_tasks_of_a_call_count() -> None:
    async def call(log: Log) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(log.step("A"))
            tasks.create_task(log.step("B"))
        log.append("both")

    assert await cancelled_everywhere(call) == [
        # The call waits for its tasks, then A waits, then B. Who is ready goes on before the call
        # learns that it is cancelled.
        ["A begins", "B begins"],
        ["A begins", "B begins", "A ends"],
        ["A begins", "B begins", "A ends", "B ends"],
        ["A begins", "B begins", "A ends", "B ends", "both"],
    ]


async def test_a_task_inside_of_a_task_counts() -> None:
    async def inner() -> None:
        await asyncio.create_task(innermost_one())

    async def innermost_one() -> None:
        await asyncio.sleep(0)

    async def call() -> None:
        await asyncio.create_task(inner())

    assert await functions(call) == ["call", "inner", "innermost_one"]


async def test_what_is_shielded_goes_on_and_is_waited_for() -> None:
    async def call(log: Log) -> None:
        await asyncio.shield(asyncio.create_task(log.step("A")))
        log.append("done")

    assert await cancelled_everywhere(call) == [
        ["A begins", "A ends"],
        ["A begins", "A ends"],
        ["A begins", "A ends", "done"],
    ]


async def test_a_timeout_of_the_app_is_told_apart_from_the_cancellation() -> None:
    async def call(log: Log) -> None:
        try:
            async with asyncio.timeout(0):
                await asyncio.sleep(10)
        except TimeoutError:
            log.append("timeout")
            await log.step("A")

    assert await cancelled_everywhere(call) == [
        [],
        ["timeout", "A begins"],
        ["timeout", "A begins", "A ends"],
    ]


async def test_a_thread_goes_on_when_its_call_is_cancelled() -> None:
    async def call(log: Log) -> None:
        await asyncio.to_thread(log.append, "thread")
        log.append("done")

    cancelled, whole = await cancelled_everywhere(call)

    assert "done" not in cancelled
    assert whole == ["thread", "done"]


async def test_a_task_of_somebody_else_does_not_count() -> None:
    work: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()

    async def serve() -> None:
        while True:
            wanted = await work.get()
            await asyncio.sleep(0)
            wanted.set_result(None)

    async def call() -> None:
        wanted = asyncio.get_running_loop().create_future()
        work.put_nowait(wanted)
        await wanted

    server = asyncio.create_task(serve())
    assert await functions(call) == ["call"]
    server.cancel()


async def test_a_swallowed_cancellation_lets_the_call_go_on() -> None:
    async def call(log: Log) -> str:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            log.append("swallowed")
        await log.step("A")
        return "done"

    log = Log()
    run = Suspensions(innermost, cancel_at=1)
    task = await run.run(lambda: call(log))

    assert run.was_cancelled
    assert task.result() == "done"
    assert log == ["swallowed", "A begins", "A ends"]


async def test_a_call_that_does_not_end_when_it_is_cancelled_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suspensions, "LIMIT_S", 0.05)
    swallowed: list[BaseException] = []

    async def call() -> None:
        while len(swallowed) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as error:
                swallowed.append(error)

    run = Suspensions(innermost, cancel_at=1)
    task = await run.run(call)

    assert run.hangs
    assert run.left == [("_awaited", "call")]
    # It is cancelled once more, so that it does not disturb the next run.
    assert len(swallowed) == 2
    assert task.done()


async def test_a_call_that_goes_on_for_ever_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suspensions, "LIMIT_S", 0.05)
    monkeypatch.setattr(suspensions, "TOTAL_S", 0.1)

    async def call() -> None:
        for _ in itertools.count():
            await asyncio.sleep(0.001)

    run = Suspensions(innermost)
    task = await run.run(call)

    assert run.hangs
    assert task.cancelled()


async def test_a_call_that_goes_on_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suspensions, "LIMIT_S", 1)

    async def call() -> None:
        for _ in range(25):
            await asyncio.sleep(0.05)

    run = Suspensions(innermost)
    await run.run(call)

    assert not run.hangs


async def test_a_task_that_is_left_behind_is_named_and_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suspensions, "GRACE_S", 0.05)
    started: list[asyncio.Task[None]] = []

    async def work() -> None:
        await asyncio.sleep(60)

    async def call() -> None:
        started.append(asyncio.create_task(work()))
        await asyncio.sleep(0)

    run = Suspensions(innermost)
    await run.run(call)

    assert run.left == [("work", "work")]
    assert not run.hangs
    assert started[0].cancelled()


async def test_each_await_below_a_middleware_counts() -> None:
    log = Log()

    async def endpoint(_: Request) -> PlainTextResponse:
        await log.step("endpoint")
        return PlainTextResponse("")

    async def dispatch(request: Request, call_next: RequestResponseEndpoint) -> Response:
        await log.step("middleware")
        return await call_next(request)

    app = Starlette(
        routes=[Route("/", endpoint)],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=dispatch)],
    )
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for number in range(1, 100):
            run = Suspensions(innermost, cancel_at=number)
            task = await run.run(lambda: client.get("/"))
            assert not run.left
            if not run.was_cancelled:
                break
            assert task.cancelled()
    steps = ["middleware begins", "middleware ends", "endpoint begins", "endpoint ends"]
    assert task.result().status_code == 200
    assert log[:1] == steps[:1]
    assert log[-4:] == steps
    # Cancelled in the middleware, then in the endpoint, at least once.
    assert log.count("middleware ends") < log.count("middleware begins")
    assert log.count("endpoint ends") < log.count("endpoint begins")


async def test_each_step_of_a_generator_and_of_a_context_counts() -> None:
    async def numbers() -> AsyncIterator[int]:
        for number in range(2):
            await asyncio.sleep(0)
            yield number

    @asynccontextmanager
    async def context() -> AsyncIterator[None]:
        await asyncio.sleep(0)
        yield
        await asyncio.sleep(0)

    async def call() -> None:
        async with context():
            async for _ in numbers():
                pass

    assert await functions(call) == ["context", "numbers", "numbers", "context"]


async def test_an_awaitable_of_ones_own_is_looked_through() -> None:
    class Own:
        def __await__(self) -> Any:
            return inner().__await__()

    async def inner() -> None:
        await asyncio.sleep(0)

    async def call() -> None:
        await Own()

    assert await functions(call) == ["inner"]


@pytest.mark.real_commits
async def test_a_line_that_sqlalchemy_runs_in_a_greenlet_is_seen(engine: AsyncEngine) -> None:
    def inside(connection: Any) -> None:
        connection.execute(text("SELECT 1"))

    async def outside(connection: AsyncConnection) -> None:
        await connection.execute(text("SELECT 1"))

    async with engine.connect() as connection:
        assert set(await functions(lambda: connection.run_sync(inside))) == {"inside"}
        assert set(await functions(lambda: outside(connection))) == {"outside"}


@pytest.mark.real_commits
async def test_a_statement_is_cancelled_where_it_waits(engine: AsyncEngine) -> None:
    async def call() -> None:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE cancelled (id int)"))

    for number in range(1, 100):
        run = Suspensions(innermost, cancel_at=number)
        task = await run.run(call)
        assert not run.left
        if not run.was_cancelled:
            break
        assert task.cancelled()
        async with engine.begin() as connection:
            await connection.execute(text("DROP TABLE IF EXISTS cancelled"))
    assert number > 3
    assert task.exception() is None
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_another_event_loop_is_refused() -> None:
    asyncio._set_running_loop(object())  # type: ignore[arg-type]
    run = Suspensions(innermost).run(lambda: asyncio.sleep(0))
    try:
        with pytest.raises(TypeError, match=r"an event loop of asyncio, not <class 'object'>"):
            run.send(None)
    finally:
        asyncio._set_running_loop(None)
