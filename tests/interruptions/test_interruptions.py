"""What an interruption leaves behind is judged by what the call comes to uninterrupted."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool
from starlette.responses import JSONResponse

from tests.exploration import suspensions
from tests.exploration.expected import HALF, TWICE
from tests.exploration.explored import ExplorationError
from tests.exploration.interrupted import Interrupted
from tests.exploration.interruptions import Interruptions
from tests.postgres.snapshots import OpenTransactionError

Call = Callable[[], Awaitable[Any]]

SCHEMA = """
    CREATE TABLE accounts (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        balance int NOT NULL,
        opened timestamptz NOT NULL DEFAULT clock_timestamp()
    )
"""
TAKE = "UPDATE accounts SET balance = balance - 1 WHERE name = 'a'"
GIVE = "UPDATE accounts SET balance = balance + 1 WHERE name = 'b'"
OPEN = "INSERT INTO accounts (name, balance) VALUES ('c', 0)"
READ = "SELECT balance FROM accounts WHERE name = 'a'"
CLOSE = "DELETE FROM accounts WHERE name = 'b'"


@pytest.fixture(autouse=True)
async def _accounts(session: AsyncSession) -> None:
    await session.execute(text(SCHEMA))
    await session.execute(text("INSERT INTO accounts (name, balance) VALUES ('a', 10), ('b', 0)"))
    await session.commit()


class Bank:
    """What the calls do to the accounts."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def execute(self, *statements: str) -> None:
        """Execute statements in one transaction."""
        async with self.engine.begin() as connection:
            for statement in statements:
                await connection.execute(text(statement))

    def call(self, *statements: str) -> Call:
        return lambda: self.execute(*statements)


@pytest.fixture
def bank(engine: AsyncEngine) -> Bank:
    return Bank(engine)


@pytest.fixture
def found(interruptions: Interruptions) -> Callable[..., Awaitable[dict[str, list[str]]]]:
    """Explores a call, and returns what is wrong after each interruption."""

    async def find(call: Call, **options: Any) -> dict[str, list[str]]:
        explored = await interruptions._explore(
            call, options.get("invariant"), options.get("accept", {})
        )
        return {damage.attempt.name: damage.problems for damage in explored.findings}

    return find


Found = Callable[..., Awaitable[dict[str, list[str]]]]


def names(explored: Interrupted, kind: str) -> list[str]:
    return [one.name for one in explored.schedules if one.name.startswith(kind)]


async def test_one_transaction_leaves_nothing_wrong_behind(
    interruptions: Interruptions, bank: Bank
) -> None:
    explored = await interruptions(bank.call(TAKE, GIVE, OPEN))

    assert names(explored, "kill") == ["kill@1", "kill@2", "kill@3", "kill@4"]
    assert names(explored, "commit") == ["commit@1"]
    cancelled = names(explored, "cancel")
    assert cancelled == [f"cancel@{number}" for number in range(1, len(cancelled) + 1)]
    # At least once for each statement.
    assert len(cancelled) >= 4
    assert explored.outcomes == {("returned",), ("CancelledError",), ("InterfaceError",)}
    assert [one.text for one in explored.schedules[-1].statements] == [TAKE, GIVE, OPEN, "COMMIT"]
    assert [one.outcomes for one in explored.serial] == [("returned",), ("returned",)]


async def test_the_database_is_as_it_was_afterwards(
    interruptions: Interruptions, bank: Bank, session: AsyncSession
) -> None:
    await interruptions(bank.call(TAKE))

    assert await session.scalar(text(READ)) == 10
    await bank.execute(TAKE)
    assert await session.scalar(text(READ)) == 9


async def test_a_call_that_only_reads_may_be_interrupted(found: Found, bank: Bank) -> None:
    assert await found(bank.call(READ)) == {}


async def test_a_call_that_can_be_made_once_may_be_interrupted(found: Found, bank: Bank) -> None:
    async def close() -> None:
        async with bank.engine.begin() as connection:
            if not (await connection.execute(text(CLOSE))).rowcount:
                raise LookupError

    async def answer() -> JSONResponse:
        try:
            await close()
        except LookupError:
            return JSONResponse({}, status_code=404)
        return JSONResponse({}, status_code=200)

    assert await found(answer) == {}


async def test_half_a_write_is_found(found: Found, bank: Bank) -> None:
    async def transfer() -> None:
        await bank.execute(TAKE)
        await bank.execute(GIVE)

    problems = await found(transfer)

    # From the first COMMIT to the second one.
    cancelled = [name for name in problems if name.startswith("cancel")]
    assert len(cancelled) >= 4
    assert problems == {name: [HALF] for name in [*cancelled, "kill@3", "kill@4", "commit@1"]}


@pytest.mark.parametrize("tick", [6, 9, 12])
@pytest.mark.parametrize("known", [0, 1])
async def test_a_time_may_be_the_same_in_the_first_runs(
    found: Found, bank: Bank, tick: int, known: int
) -> None:
    clock = count()

    async def open_account() -> None:
        now = int(next(clock) >= tick) + 20
        await bank.execute(f"INSERT INTO accounts (name, balance) VALUES ('c', {now})")

    await bank.execute(*known * ["UPDATE accounts SET balance = 20"])

    assert await found(open_account) == {}


async def test_a_statement_of_the_driver_is_interrupted(
    interruptions: Interruptions, bank: Bank
) -> None:
    # Nothing tells a pool that a connection has been lost.
    engine = create_async_engine(bank.engine.url, poolclass=NullPool)

    async def transfer() -> None:
        async with engine.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            async with driver.transaction():
                await driver.execute(TAKE)
                await driver.execute(GIVE)

    explored = await interruptions(transfer)

    assert names(explored, "kill") == ["kill@1", "kill@2", "kill@3"]
    assert names(explored, "commit") == ["commit@1"]
    commit = explored.schedules[-1]
    assert [one.text for one in commit.statements] == [TAKE, GIVE, "COMMIT"]
    assert commit.outcomes != ("returned",)


async def test_half_a_write_that_is_shielded_is_found(found: Found, bank: Bank) -> None:
    async def transfer() -> None:
        await asyncio.shield(bank.execute(TAKE))
        await bank.execute(GIVE)

    problems = await found(transfer)

    assert problems["cancel@1"] == [HALF]


async def test_what_is_shielded_as_a_whole_is_as_if_it_had_succeeded(
    found: Found, bank: Bank
) -> None:
    assert await found(lambda: asyncio.shield(bank.execute(TAKE, GIVE))) == {}


async def test_a_retry_after_a_lost_answer_is_found(found: Found, bank: Bank) -> None:
    async def take() -> None:
        try:
            await bank.execute(TAKE)
        except DBAPIError:
            await bank.execute(TAKE)

    assert await found(take) == {"commit@1": [TWICE]}


async def test_a_success_that_is_none_is_found(found: Found, bank: Bank) -> None:
    async def take() -> None:
        with suppress(DBAPIError):
            await bank.execute(TAKE)

    assert await found(take) == {
        "kill@1": ["it ended with returned, but nothing is done"],
        "kill@2": ["it ended with returned, but nothing is done"],
    }


async def test_a_refusal_of_what_is_done_is_found(found: Found, bank: Bank) -> None:
    async def take() -> JSONResponse:
        try:
            await bank.execute(TAKE)
        except DBAPIError:
            return JSONResponse({}, status_code=409)
        return JSONResponse({}, status_code=200)

    # If nothing is done, a refusal is as good as an error.
    assert await found(take) == {"commit@1": ["it ended with 409, but it is done"]}


async def test_an_error_may_come_with_both(found: Found, bank: Bank) -> None:
    async def take() -> JSONResponse:
        try:
            await bank.execute(TAKE)
        except DBAPIError:
            return JSONResponse({}, status_code=500)
        return JSONResponse({}, status_code=200)

    assert await found(take) == {}


async def test_a_swallowed_cancellation_is_found(found: Found, bank: Bank) -> None:
    async def take() -> None:
        with suppress(BaseException):
            await asyncio.sleep(0)
        await bank.execute(TAKE)

    assert await found(take) == {
        "cancel@1": ["it swallowed its cancellation, went on, and ended with returned"]
    }


async def test_an_error_in_place_of_the_cancellation_is_none(found: Found, bank: Bank) -> None:
    async def take() -> None:
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError as error:
            raise HTTPException(499) from error
        await bank.execute(TAKE)

    assert await found(take) == {}


async def test_a_connection_that_is_kept_is_found(found: Found, bank: Bank) -> None:
    kept: list[AsyncConnection] = []

    async def take() -> None:
        connection = await bank.engine.connect()
        kept.append(connection)
        await asyncio.sleep(0)
        await connection.execute(text(TAKE))
        await connection.commit()
        await connection.close()

    [(name, [problem])] = (await found(take)).items()

    assert name.startswith("cancel@")
    start, _, where = problem.partition(" at ")
    assert start == "the connection is missing from the pool that was taken"
    assert where.startswith("tests/")
    assert where.endswith(" in take")
    assert bank.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore:The garbage collector")
async def test_a_connection_that_is_left_to_the_garbage_collector_is_found(
    found: Found, bank: Bank
) -> None:
    async def take() -> None:
        connection: AsyncConnection | None = await bank.engine.connect()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            connection = None
            raise
        assert connection is not None
        await connection.execute(text(TAKE))
        await connection.commit()
        await connection.close()

    [[problem]] = (await found(take)).values()

    assert problem.startswith("the connection is missing from the pool that was taken at tests/")


async def test_a_connection_that_the_app_has_detached_is_its_own_affair(
    found: Found, bank: Bank
) -> None:
    async def take() -> None:
        async with bank.engine.connect() as connection:
            await connection.execute(text(TAKE))
            await connection.commit()
            raw = await connection.get_raw_connection()
            raw.detach()
            await asyncio.sleep(0)

    assert await found(take) == {}


async def test_a_task_that_goes_on_is_found(
    found: Found, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspensions, "GRACE_S", 0.1)

    async def work() -> None:
        await asyncio.Event().wait()

    async def take() -> None:
        task = asyncio.create_task(work())
        await bank.execute(TAKE)
        task.cancel()

    problems = await found(take)

    [[problem]] = {tuple(problem) for problem in problems.values()}
    assert problem.startswith("its task work() is still running, at tests/")
    assert problem.endswith(" in work")
    assert {"cancel@1", "kill@1", "kill@2", "commit@1"} <= problems.keys()


async def test_a_task_that_goes_on_in_any_case_is_no_finding(
    found: Found, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspensions, "GRACE_S", 0.1)
    tasks: list[asyncio.Task[None]] = []

    async def work() -> None:
        await asyncio.Event().wait()

    async def take() -> None:
        tasks.append(asyncio.create_task(work()))
        await bank.execute(TAKE)

    assert await found(take) == {}


async def test_a_lock_that_is_kept_is_found_and_ends_the_exploration(
    interruptions: Interruptions, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspensions, "LIMIT_S", 0.3)
    lock = asyncio.Lock()

    async def take() -> None:
        await lock.acquire()
        await bank.execute(TAKE)
        lock.release()

    with pytest.raises(AssertionError) as caught:
        await interruptions(take)

    report = str(caught.value)
    assert report.startswith("1 of 1 interruptions leaves something wrong behind.\n\ncancel@1, at ")
    said = " ".join(report.split())
    assert " The same call made once more: it hangs, and waits at tests/" in said
    assert "\n\nAs the call hangs, these were not made: cancel@2, " in report
    assert report.replace("\n   ", "").endswith(", kill@1, kill@2, commit@1.")


async def test_the_same_call_has_to_come_to_the_same_once_more(found: Found, bank: Bank) -> None:
    waiting = 0

    async def take() -> None:
        nonlocal waiting
        waiting += 1
        if waiting > 1:
            raise RuntimeError("somebody is waiting already")
        await bank.execute(TAKE)
        waiting -= 1

    [*_, problems] = (await found(take)).values()

    assert problems == [
        "the same call made once more: it ended with RuntimeError instead of returned"
    ]


async def test_the_same_call_has_to_leave_the_same_rows_once_more(found: Found, bank: Bank) -> None:
    has_begun = False

    async def take() -> None:
        nonlocal has_begun
        statements = [] if has_begun else [TAKE]
        has_begun = True
        await bank.execute(*statements, READ)
        has_begun = False

    problems = await found(take)

    assert problems["kill@1"] == [
        "the same call made once more: its rows are not those of a call that nobody has interrupted"
    ]


async def test_an_invariant_that_an_interruption_breaks_is_found(
    found: Found, bank: Bank, session: AsyncSession
) -> None:
    async def transfer() -> None:
        await bank.execute(TAKE)
        await bank.execute(GIVE)

    async def is_balanced() -> None:
        total = await session.scalar(text("SELECT sum(balance) FROM accounts"))
        assert total == 10, f"there is {total} in all"

    problems = await found(transfer, invariant=is_balanced)

    assert "kill@1" not in problems
    assert problems["kill@3"] == [HALF, "it breaks the invariant: there is 9 in all"]


async def test_an_outcome_is_accepted_for_a_reason(found: Found, bank: Bank) -> None:
    async def take() -> None:
        with suppress(DBAPIError):
            await bank.execute(TAKE)

    assert await found(take, accept={("returned",): "the job is repeated"}) == {}


async def test_sync_code_in_a_thread_ends_before_it_is_judged(found: Found, bank: Bank) -> None:
    gone = threading.Event()

    async def take() -> None:
        await asyncio.to_thread(gone.wait, 0.001)
        await bank.execute(TAKE)

    assert await found(take) == {}


async def test_the_interruptions_of_requests_are_expected_by_the_gate(
    interruptions: Interruptions, app: FastAPI, concurrent_client: AsyncClient
) -> None:
    engine: AsyncEngine = app.state.sessionmaker.kw["bind"]
    bank = Bank(engine)

    @app.post("/take")
    async def take() -> None:
        await bank.execute(TAKE)

    explored = await interruptions(lambda: concurrent_client.post("/take"))

    assert explored.outcomes == {(200,), (503,), ("CancelledError",)}


@pytest.mark.parametrize(
    ("call", "accept", "message"),
    [
        (lambda: 1, {(200,): " "}, r"^accept: \(200,\) needs a reason\.$"),
        (lambda: 1, {(200, 409): "why"}, r"^accept: \(200, 409\) is not the outcome of one call"),
        (1, {}, r"^1 can be awaited only once: give a function that returns a new awaitable\.$"),
    ],
)
async def test_a_wrong_argument_is_refused(
    interruptions: Interruptions, call: Any, accept: Any, message: str
) -> None:
    with pytest.raises(ExplorationError, match=message):
        await interruptions(call, accept=accept)


async def test_a_coroutine_is_refused_and_closed(interruptions: Interruptions, bank: Bank) -> None:
    with pytest.raises(ExplorationError, match="can be awaited only once"):
        await interruptions(bank.execute(TAKE))  # type: ignore[arg-type]


async def test_an_error_without_an_interruption_is_raised(
    interruptions: Interruptions, bank: Bank
) -> None:
    with pytest.raises(DBAPIError, match='relation "nothing" does not exist'):
        await interruptions(bank.call("SELECT FROM nothing"))


async def test_a_call_that_hangs_without_an_interruption_is_told(
    interruptions: Interruptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suspensions, "LIMIT_S", 0.05)

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(
        AssertionError, match=r"^The call does not end\. It waits at tests/.* in wait\.$"
    ):
        await interruptions(wait)


async def test_a_call_that_depends_on_the_process_is_told(
    interruptions: Interruptions, bank: Bank
) -> None:
    calls = 0

    async def take() -> JSONResponse:
        nonlocal calls
        calls += 1
        await bank.execute(TAKE)
        return JSONResponse({}, status_code=200 if calls < 3 else 429)

    with pytest.raises(
        AssertionError,
        match=r"^Made twice, the call ends with 200 and 200\. On the same rows it then ends with"
        r" 429 and 429: it depends on more than the database\.$",
    ):
        await interruptions(take)


async def test_a_transaction_of_the_test_is_refused(
    interruptions: Interruptions, bank: Bank
) -> None:
    async with bank.engine.connect() as connection:
        await connection.execute(text("INSERT INTO accounts (name, balance) VALUES ('d', 0)"))
        with pytest.raises(OpenTransactionError, match="still in a transaction"):
            await interruptions(bank.call(TAKE))


async def test_another_engine_is_watched_as_well(found: Found, bank: Bank) -> None:
    async def transfer() -> None:
        await bank.execute(TAKE)
        other = create_async_engine(bank.engine.url)
        try:
            await Bank(other).execute(GIVE)
        finally:
            await asyncio.shield(other.dispose())

    problems = await found(transfer)

    assert problems["kill@3"] == problems["kill@4"] == problems["commit@1"] == [HALF]
    assert "commit@2" not in problems


def with_settings(interruptions: Interruptions, **settings: Any) -> Interruptions:
    """The fixture, as the command line would have it."""
    interruptions._settings = replace(interruptions._settings, **settings)
    return interruptions


@pytest.mark.parametrize("name", ["cancel@2", "kill@2", "commit@1"])
async def test_one_interruption_is_made_alone(
    interruptions: Interruptions, bank: Bank, name: str
) -> None:
    explored = await with_settings(interruptions, only=name)(bank.call(TAKE, GIVE))

    assert [one.name for one in explored.schedules] == [name]
    assert [one.was_interrupted for one in explored.schedules] == [True]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("A3|B*|A", "'A3|B*|A' is not an interruption of a call. One is named as cancel@3."),
        ("kill@0", "'kill@0' is not an interruption of a call. One is named as cancel@3."),
        ("kill@4", "The call has no kill@4. The last one is kill@3."),
        ("commit@2", "The call has no commit@2. The last one is commit@1."),
    ],
)
async def test_the_name_of_no_interruption_is_refused(
    interruptions: Interruptions, bank: Bank, name: str, message: str
) -> None:
    with pytest.raises(ExplorationError) as caught:
        await with_settings(interruptions, only=name)(bank.call(TAKE, GIVE))

    assert str(caught.value) == f"--schedule: {message}"


async def test_few_interruptions_are_those_around_writes(
    interruptions: Interruptions, bank: Bank
) -> None:
    async def transfer() -> None:
        async with bank.engine.begin() as connection:
            await connection.execute(text(READ))
            await connection.execute(text(TAKE))
            await connection.execute(text(GIVE))
        async with bank.engine.begin() as connection:
            await connection.execute(text(READ))

    call = with_settings(interruptions, in_full=False)

    explored = await call(transfer)

    usual = explored.serial[0]
    # From the first write, each statement is sent by a line of its own.
    last = [usual.begun_at.count(2) + usual.begun_at.index(2)]
    last += [last[0] + usual.begun_at.count(3)]
    assert usual.begun_at[last[0] - 1 : last[0] + 1] == [2, 3]
    cancelled = names(explored, "cancel")
    assert cancelled[:2] == [f"cancel@{number}" for number in last]
    assert cancelled[-1] == f"cancel@{len(usual.places)}"
    assert len(cancelled) == 5
    assert names(explored, "kill") == ["kill@2", "kill@4"]
    assert names(explored, "commit") == ["commit@1"]


async def test_few_interruptions_are_all_if_only_functions_write(
    interruptions: Interruptions, bank: Bank
) -> None:
    await bank.execute(f"CREATE FUNCTION give() RETURNS void LANGUAGE sql AS $${GIVE}$$")

    explored = await with_settings(interruptions, in_full=False)(bank.call("SELECT give()"))

    assert names(explored, "kill") == ["kill@1", "kill@2"]
    assert names(explored, "commit") == ["commit@1"]


async def test_few_interruptions_of_a_call_that_only_reads_are_the_last_one(
    interruptions: Interruptions, bank: Bank
) -> None:
    explored = await with_settings(interruptions, in_full=False)(bank.call(READ, READ))

    last = len(explored.serial[0].places)
    assert [one.name for one in explored.schedules] == [f"cancel@{last}"]


async def test_the_report_shows_what_differs_and_where(
    interruptions: Interruptions, bank: Bank
) -> None:
    async def transfer() -> None:
        await bank.execute(TAKE)
        await bank.execute(GIVE)

    settings = {"only": "kill@3", "nodeid": "tests/test_bank.py::test_transfer"}
    with pytest.raises(AssertionError) as caught:
        await with_settings(interruptions, **settings)(transfer)

    report = re.sub(r"tests/\S*\.py:\d+", "tests/this.py:1", str(caught.value))
    assert report == REPORT


REPORT = """\
1 of 1 interruptions leaves something wrong behind.

kill@3, at tests/this.py:1 in execute:
  Half of it is done: the rows are neither those from before nor those
    of the whole call.

                          never  once      kill@3
  ended with              -      returned  InterfaceError
  accounts id=1: balance  10     9         9
  accounts id=2: balance  0      1         0

  Its statements:
    1    UPDATE accounts SET balance = balance - 1 WHERE name = 'a'
         at tests/this.py:1 in execute
    2    COMMIT
         at tests/this.py:1 in execute
    3    UPDATE accounts SET balance = balance + 1 WHERE name = 'b'
         at tests/this.py:1 in execute
         The connection is ended before this statement.

  Run it alone: pytest "tests/test_bank.py::test_transfer" --schedule="kill@3"\
"""
