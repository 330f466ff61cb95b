"""What the fixture `interleavings` does, in a baked project. Run with --explore=full."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import count
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from tests.exploration.turns import WAITS_S
from tests.postgres.snapshots import Snapshot

Call = Callable[[], Coroutine[Any, Any, Any]]

TABLES = """
    CREATE TABLE accounts (id serial PRIMARY KEY, name text, balance int);
    CREATE TABLE entries (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(), account int REFERENCES accounts,
        amount int, at timestamptz DEFAULT clock_timestamp());
    CREATE TABLE nodes (id serial PRIMARY KEY, name text, next int REFERENCES nodes);
    CREATE TABLE payments (
        id serial, account int REFERENCES accounts, day date DEFAULT '2026-01-01', amount int
        ) PARTITION BY RANGE (day);
    CREATE TABLE payments_2026 PARTITION OF payments
        FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO accounts (name, balance) VALUES ('Ada', 100), ('Grace', 100);
"""


@pytest.fixture
async def engine(isolation: Any) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(isolation.database_url)
    async with engine.begin() as connection:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                await connection.execute(text(statement))
    yield engine
    await engine.dispose()


async def run(connection: AsyncConnection, statement: str, **values: object) -> Any:
    return await connection.execute(text(statement), values)


def deposit(engine: AsyncEngine, amount: int, lock: str = "") -> Call:
    """Reads a balance and writes the new one: without a lock, a deposit may be lost."""

    async def call() -> None:
        async with engine.connect() as connection:
            found = await run(connection, f"SELECT balance FROM accounts WHERE id = 1 {lock}")
            new = found.scalar_one() + amount
            await run(connection, "UPDATE accounts SET balance = :new WHERE id = 1", new=new)
            await connection.commit()

    return call


def both(engine: AsyncEngine, first: int, second: int) -> Call:
    """Changes two rows, in one order or the other."""

    async def call() -> None:
        async with engine.begin() as connection:
            for row in (first, second):
                await run(connection, "UPDATE accounts SET balance = 0 WHERE id = :row", row=row)

    return call


def seen(explored: Any) -> str:
    """What has happened, without the times and the processes of the server."""
    runs = explored.schedules
    return repr([(run.name, run.outcomes, run.statements, run.waits) for run in runs])


def spaced(told: pytest.ExceptionInfo[AssertionError]) -> str:
    """A report with single spaces."""
    return re.sub(" +", " ", str(told.value))


LOST = """\
4 of 8 schedules are not as they should be.

A2|B*|A comes to what no serial run comes to.

                          A*|B      B*|A      A2|B*|A
  A                       returned  returned  returned
  B                       returned  returned  returned
  accounts id=1: balance  130       130       110

  The statements, in the order in which they ran:
    A1   SELECT balance FROM accounts WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    B1   SELECT balance FROM accounts WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    B2   UPDATE accounts SET balance = $1 WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    B3   COMMIT
         at tests/explored/test_mechanics.py:60 in call
    A2   UPDATE accounts SET balance = $1 WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    A3   COMMIT
         at tests/explored/test_mechanics.py:60 in call

  The same comes of B3|A*|B.

  Run it alone: pytest "tests/explored/test_mechanics.py::test_a_lost_update_is_told_in_full"\
 --schedule="A2|B*|A"

A3|B*|A comes to what no serial run comes to.

                          A*|B      B*|A      A3|B*|A
  A                       returned  returned  returned
  B                       returned  returned  returned
  accounts id=1: balance  130       130       120

  The statements, in the order in which they ran:
    A1   SELECT balance FROM accounts WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    A2   UPDATE accounts SET balance = $1 WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    B1   SELECT balance FROM accounts WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
    B2   UPDATE accounts SET balance = $1 WHERE id = 1
         at tests/explored/test_mechanics.py:49 in run
         It waits for a lock that A holds, so A goes on.
    A3   COMMIT
         at tests/explored/test_mechanics.py:60 in call
    B3   COMMIT
         at tests/explored/test_mechanics.py:60 in call

  The same comes of B2|A*|B.

  Run it alone: pytest "tests/explored/test_mechanics.py::test_a_lost_update_is_told_in_full"\
 --schedule="A3|B*|A\""""


async def test_a_lost_update_is_told_in_full(interleavings: Any, engine: AsyncEngine) -> None:
    with pytest.raises(AssertionError) as told:
        await interleavings(deposit(engine, 10), deposit(engine, 20))

    assert str(told.value) == LOST


async def test_it_is_the_same_each_time(interleavings: Any, engine: AsyncEngine) -> None:
    calls = deposit(engine, 10, "FOR UPDATE"), deposit(engine, 20, "FOR UPDATE")

    first, second = [await interleavings(*calls) for _ in range(2)]

    assert seen(first) == seen(second)
    assert [run.name for run in first.schedules] == [
        *("A1|B*|A", "A2|B*|A", "A3|B*|A"),
        *("B1|A*|B", "B2|A*|B", "B3|A*|B"),
    ]
    [wait] = first.schedules[1].waits
    assert (wait.letter, wait.statement.number, wait.others) == ("B", 1, "A")
    assert first.outcomes == {("returned", "returned")}


async def test_deeper_schedules(interleavings: Any, engine: AsyncEngine) -> None:
    explored = await interleavings(
        deposit(engine, 10, "FOR UPDATE"), deposit(engine, 20, "FOR UPDATE"), depth=2
    )

    assert [run.name for run in explored.schedules[6:]] == [
        *("A1|B2|A*|B", "A1|B3|A*|B", "B1|A2|B*|A", "B1|A3|B*|A")
    ]


async def test_three_calls(interleavings: Any, engine: AsyncEngine) -> None:
    async def call() -> None:
        async with engine.begin() as connection:
            await run(connection, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")

    explored = await interleavings(call, call, call)

    assert [run.name for run in explored.serial] == [
        *("A*|B*|C", "A*|C*|B", "B*|A*|C", "B*|C*|A", "C*|A*|B", "C*|B*|A")
    ]
    names = [run.name for run in explored.schedules]
    assert len(names) == len(set(names)) == 36
    assert names[:4] == ["A1|B*|A*|C", "A1|B*|C*|A", "A1|C*|A*|B", "A1|C*|B*|A"]
    assert "A*|B2|C*|B" in names


async def test_a_deadlock_is_found_and_may_be_accepted(
    interleavings: Any, engine: AsyncEngine
) -> None:
    calls = both(engine, 1, 2), both(engine, 2, 1)

    with pytest.raises(AssertionError) as told:
        await interleavings(*calls)

    assert "A2|B*|A is a deadlock: PostgreSQL ends one of the calls.\n" in str(told.value)
    assert "  B raised DBAPIError: deadlock detected\n" in str(told.value)
    assert "         It waits for a lock that B holds, so B goes on.\n" in str(told.value)
    reason = "the client tries again"
    accept = {("returned", "40P01"): reason, ("40P01", "returned"): reason}
    first, second = [await interleavings(*calls, accept=accept) for _ in range(2)]
    assert {("returned", "returned"), *accept} == first.outcomes
    assert seen(first) == seen(second)


async def test_a_hang_is_found_and_does_not_last(interleavings: Any, engine: AsyncEngine) -> None:
    first, second = asyncio.Lock(), asyncio.Lock()

    def call(one: asyncio.Lock, other: asyncio.Lock) -> Call:
        async def call() -> None:
            async with one:
                async with engine.begin() as connection:
                    await run(connection, "UPDATE accounts SET balance = 0 WHERE id = 1")
                async with other:
                    pass

        return call

    with pytest.raises(AssertionError) as told:
        await interleavings(call(first, second), call(second, first))

    said = str(told.value)
    assert "A1|B*|A hangs: none of its calls goes on.\n" in said
    assert "  A waits at tests/explored/test_mechanics.py:218 in call\n" in said
    assert "    B came no further, and was in no statement: perhaps it waits" in said
    assert said.endswith("As so many hang, these were not run: B2|A*|B.")
    async with engine.begin() as connection:
        found = await run(connection, "SELECT balance FROM accounts ORDER BY id")
        assert found.scalars().all() == [100, 100]


async def test_a_lock_of_its_own_is_a_hang(interleavings: Any, engine: AsyncEngine) -> None:
    async def call() -> None:
        async with engine.begin() as one, engine.begin() as other:
            for connection in (one, other):
                await run(connection, "UPDATE accounts SET balance = 0 WHERE id = 1")

    with pytest.raises(AssertionError) as told:
        await interleavings(call, call)

    assert "\n\nA*|B hangs: none of its calls goes on.\n" in str(told.value)
    assert "         It waits for a lock that A holds for ever.\n" in str(told.value)


async def test_a_lock_of_a_call_that_is_done_is_a_hang(
    interleavings: Any, engine: AsyncEngine
) -> None:
    left = []

    async def leaves() -> None:
        left.append(connection := await engine.connect())
        await run(connection, "UPDATE accounts SET balance = 0 WHERE id = 1")

    with pytest.raises(AssertionError) as told:
        await interleavings(leaves, both(engine, 1, 2))

    assert "\n\nA*|B hangs: none of its calls goes on.\n" in str(told.value)
    assert "         It waits for a lock that A holds for ever.\n" in str(told.value)
    for connection in left:
        await connection.invalidate()
        await connection.close()


async def test_what_waits_for_the_pool_lets_the_other_go_on(
    interleavings: Any, engine: AsyncEngine, isolation: Any
) -> None:
    small = create_async_engine(isolation.database_url, pool_size=1, max_overflow=0)

    explored = await interleavings(both(small, 1, 2), both(small, 1, 2))

    waits = {run.name: run.waits for run in explored.schedules}
    [wait] = waits["A3|B*|A"]
    assert (wait.letter, wait.statement, wait.others) == ("B", None, "A")
    await small.dispose()


async def test_generated_columns_are_left_out_and_foreign_keys_followed(
    interleavings: Any, engine: AsyncEngine
) -> None:
    def opened(name: str, *, by_last: bool = False) -> Call:
        async def call() -> None:
            async with engine.connect() as connection:
                key = await run(
                    connection,
                    "INSERT INTO accounts (name, balance) VALUES (:name, 0) RETURNING id",
                    name=name,
                )
                account = key.scalar_one()
                await connection.commit()
                if by_last:
                    found = await run(connection, "SELECT max(id) FROM accounts")
                    account = found.scalar_one()
                await run(
                    connection,
                    "INSERT INTO entries (account, amount) VALUES (:account, 5)",
                    account=account,
                )
                await connection.commit()

        return call

    await interleavings(opened("Joan"), opened("Mary"))
    with pytest.raises(AssertionError) as told:
        await interleavings(opened("Joan", by_last=True), opened("Mary", by_last=True))

    mary = " entries rows (account=accounts(balance=0, name=Mary), amount=5)\n"
    assert f"{mary} 1 1 2\n" in spaced(told)


async def test_rows_of_partitions(interleavings: Any, engine: AsyncEngine) -> None:
    def paid(name: str, *, once: bool = False) -> Call:
        async def call() -> None:
            async with engine.begin() as connection:
                found = await run(connection, "SELECT count(*) FROM payments")
                if not (once and found.scalar_one()):
                    await run(
                        connection,
                        "WITH a AS (INSERT INTO accounts (name) VALUES (:name) RETURNING id)"
                        " INSERT INTO payments (account, amount) SELECT id, 5 FROM a",
                        name=name,
                    )

        return call

    await interleavings(paid("Joan"), paid("Mary"))
    with pytest.raises(AssertionError) as told:
        await interleavings(paid("Joan", once=True), paid("Joan", once=True))

    payment = (
        " payments rows (account=accounts(balance=null, name=Joan), amount=5, day=2026-01-01)\n"
    )
    assert f"{payment} 1 1 2\n" in spaced(told)


async def test_a_circle_of_foreign_keys(interleavings: Any, engine: AsyncEngine) -> None:
    def pair(name: str) -> Call:
        async def call() -> None:
            async with engine.begin() as connection:
                first = await run(
                    connection, "INSERT INTO nodes (name) VALUES (:n) RETURNING id", n=name
                )
                await run(
                    connection,
                    "WITH b AS (INSERT INTO nodes (name, next) VALUES (:n, :a) RETURNING id)"
                    " UPDATE nodes SET next = b.id FROM b WHERE nodes.id = :a",
                    n=f"{name}'",
                    a=first.scalar_one(),
                )

        return call

    explored = await interleavings(pair("a"), pair("b"))

    assert len(explored.schedules) == 6


def serializable(engine: AsyncEngine, amount: int, *, careless: bool = False) -> Call:
    """Asks for one of two rows to be emptied, and says 409 where it fails."""
    strict = engine.execution_options(isolation_level="SERIALIZABLE")

    async def call() -> httpx.Response:
        if careless:
            async with engine.begin() as connection:
                await run(connection, "INSERT INTO entries (amount) VALUES (:n)", n=amount)
        try:
            await deposit(strict, amount)()
        except DBAPIError:
            return httpx.Response(409)
        return httpx.Response(200)

    return call


async def test_a_call_that_is_refused_may_count_as_one_that_did_nothing(
    interleavings: Any, engine: AsyncEngine
) -> None:
    explored = await interleavings(serializable(engine, 10), serializable(engine, 20))
    assert explored.outcomes == {(200, 200), (200, 409), (409, 200)}

    strict = engine.execution_options(isolation_level="SERIALIZABLE")
    explored = await interleavings(deposit(strict, 10), deposit(strict, 20))
    both = ("returned", "returned")
    assert explored.outcomes == {both, ("returned", "40001"), ("40001", "returned")}


async def test_a_call_that_is_refused_and_did_something_is_found(
    interleavings: Any, engine: AsyncEngine
) -> None:
    with pytest.raises(AssertionError) as told:
        await interleavings(serializable(engine, 10, careless=True), deposit(engine, 20))

    assert "\n A 200 200 409\n" in spaced(told)


@pytest.mark.parametrize(("headers", "is_accepted"), [({"Retry-After": "1"}, True), ({}, False)])
async def test_503_says_that_it_did_nothing_if_it_says_when_to_come_again(
    interleavings: Any, engine: AsyncEngine, headers: dict[str, str], is_accepted: bool
) -> None:
    async def call() -> httpx.Response:
        async with engine.begin() as connection:
            free = await run(connection, "SELECT pg_try_advisory_xact_lock(1)")
            if not free.scalar_one():
                return httpx.Response(503, headers=headers)
            await run(connection, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
        return httpx.Response(200)

    if is_accepted:
        explored = await interleavings(call, call)
        assert explored.outcomes == {(200, 200), (200, 503), (503, 200)}
    else:
        with pytest.raises(AssertionError, match="comes to what no serial run comes to"):
            await interleavings(call, call)


async def test_an_invariant(interleavings: Any, engine: AsyncEngine, session: AsyncSession) -> None:
    balance = text("SELECT balance FROM accounts WHERE id = 1")
    seen = []

    async def is_positive() -> None:
        found = await session.scalar(balance)
        seen.append(found)
        assert found >= 0, f"the balance is {found}"

    def withdraw(amount: int) -> Call:
        async def call() -> None:
            async with engine.connect() as connection:
                found = await run(connection, "SELECT balance FROM accounts WHERE id = 1")
                if found.scalar_one() >= amount:
                    change = "UPDATE accounts SET balance = balance - :amount WHERE id = 1"
                    await run(connection, change, amount=amount)
                await connection.commit()

        return call

    with pytest.raises(AssertionError) as told:
        await interleavings(withdraw(60), withdraw(70), invariant=is_positive)

    assert "A2|B*|A breaks the invariant: the balance is -30.\n" in str(told.value)
    assert set(seen) == {40, 30, -30}
    assert await session.scalar(balance) == 100


async def test_an_invariant_that_leaves_a_transaction_open(
    interleavings: Any, engine: AsyncEngine
) -> None:
    opened = []

    async def looks() -> None:
        connection = await engine.connect()
        opened.append(connection)
        await run(connection, "SELECT 1")

    with pytest.raises(Exception, match=OPEN_TRANSACTION) as told:
        await interleavings(both(engine, 1, 2), both(engine, 1, 2), invariant=looks)
    assert type(told.value).__name__ == "OpenTransactionError"
    for connection in opened:
        await connection.invalidate()
        await connection.close()


OPEN_TRANSACTION = (
    r"^A session of the test is still in a transaction, which would be lost\. Commit it, or roll it"
    r" back, before\. Its last statement is: SELECT 1$"
)


async def test_a_session_that_is_in_a_transaction(
    interleavings: Any, engine: AsyncEngine, concurrent_session: AsyncSession
) -> None:
    await concurrent_session.execute(text("SELECT 1"))

    with pytest.raises(Exception, match=OPEN_TRANSACTION) as told:
        await interleavings(both(engine, 1, 2), both(engine, 1, 2))

    assert type(told.value).__name__ == "OpenTransactionError"
    # It goes on as if nothing had been.
    assert await concurrent_session.scalar(text("SELECT 2")) == 2


async def test_the_database_is_as_the_test_has_left_it(
    interleavings: Any, engine: AsyncEngine, session: AsyncSession
) -> None:
    await session.execute(text("INSERT INTO accounts (name, balance) VALUES ('Joan', 3)"))

    async def call() -> None:
        async with engine.begin() as connection:
            await run(connection, "UPDATE accounts SET balance = 0 WHERE id = 1")
            await run(connection, "INSERT INTO accounts (name, balance) VALUES ('Mary', 4)")

    await interleavings(call, call)

    after = await session.execute(text("SELECT id, balance FROM accounts ORDER BY id"))
    assert after.all() == [(1, 100), (2, 100), (3, 3)]
    async with engine.begin() as connection:
        key = await run(connection, "INSERT INTO accounts (name) VALUES ('Emmy') RETURNING id")
        assert key.scalar_one() == 4


async def test_what_connects_at_any_moment(
    interleavings: Any, engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[Any] = []
    rename = Snapshot._rename

    async def connect_and_rename(snapshot: Any, name: str, new: str) -> None:
        if name == snapshot.name:
            late.append(await snapshot._databases.connect(name))
        await rename(snapshot, name, new)

    monkeypatch.setattr(Snapshot, "_rename", connect_and_rename)
    await interleavings(deposit(engine, 10, "FOR UPDATE"), deposit(engine, 20, "FOR UPDATE"))

    assert len(late) > 8
    assert all(connection.is_closed() for connection in late)


@pytest.mark.parametrize(("tick", "known"), [(12, 0), (13, 0), (16, 0), (12, 1), (13, 1)])
async def test_a_time_that_is_the_same_in_the_serial_runs(
    interleavings: Any, engine: AsyncEngine, tick: int, known: int
) -> None:
    clock = count()

    async def call() -> None:
        async with engine.begin() as connection:
            now = int(next(clock) >= tick) + 1
            await run(connection, "INSERT INTO entries (amount) VALUES (:now)", now=now)

    async with engine.begin() as connection:
        for amount in range(known):
            await run(connection, "INSERT INTO entries (amount) VALUES (:one)", one=amount + 1)

    explored = await interleavings(call, call)

    assert len(explored.schedules) == 4


async def test_a_task_that_a_call_leaves_behind(interleavings: Any, engine: AsyncEngine) -> None:
    tasks = set()

    async def call() -> None:
        task = asyncio.create_task(both(engine, 1, 2)())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        async with engine.begin() as connection:
            await run(connection, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")

    accept = {("returned", "returned"): "its order in a call is left to chance"}
    explored = await interleavings(call, call, accept=accept)

    assert not tasks
    # It belongs to the call, which is not done before it is.
    for ran in explored.serial:
        assert [one.letter for one in ran.statements] == [*ran.name[0] * 5, *ran.name[3] * 5]
    assert {len(ran.statements) for ran in explored.schedules} == {10}


async def test_a_task_belongs_to_its_call_even_if_another_one_has_the_turn(
    interleavings: Any, engine: AsyncEngine
) -> None:
    async def call() -> None:
        connection = await engine.connect()
        try:
            await run(connection, "UPDATE accounts SET balance = 0 WHERE id = 1")
        finally:
            await asyncio.shield(connection.close())
        async with engine.connect() as other:
            await run(other, "SELECT 1")

    explored = await interleavings(call, call)

    waited = [one for one in explored.schedules if one.waits]
    assert waited
    # Nobody waits for the tasks of the other one.
    assert max(one.seconds for one in waited) < WAITS_S


async def test_a_worker_that_a_call_has_started_goes_on(
    interleavings: Any, engine: AsyncEngine
) -> None:
    queue: asyncio.Queue[asyncio.Future[None]] = asyncio.Queue()
    workers: list[asyncio.Task[None]] = []

    async def work() -> None:
        while True:
            done = await queue.get()
            async with engine.begin() as connection:
                await run(connection, "UPDATE accounts SET balance = balance + 1 WHERE id = 1")
            done.set_result(None)

    async def call() -> None:
        if not workers:
            workers.append(asyncio.create_task(work()))
        async with engine.begin() as connection:
            await run(connection, "SELECT 1")
        done = asyncio.get_running_loop().create_future()
        await queue.put(done)
        await done

    await interleavings(call, call)

    workers[0].cancel()
    await asyncio.wait(workers)


async def test_what_is_committed_by_itself_has_no_commit(
    interleavings: Any, engine: AsyncEngine
) -> None:
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    explored = await interleavings(both(autocommit, 1, 2), both(autocommit, 1, 2))

    assert [run.name for run in explored.schedules] == ["A1|B*|A", "A2|B*|A", "B1|A*|B", "B2|A*|B"]


async def test_statements_of_the_driver_count(interleavings: Any, engine: AsyncEngine) -> None:
    class Connection(asyncpg.Connection):  # type: ignore[misc]
        async def execute(self, query: str, *args: Any, **options: Any) -> Any:
            return await super().execute(query, *args, **options)

    connect_args = {"connection_class": Connection}
    other = create_async_engine(engine.url, connect_args=connect_args, poolclass=NullPool)

    async def call() -> None:
        async with other.connect() as connection:
            driver: Any = (await connection.get_raw_connection()).driver_connection
            async with driver.transaction():
                await asyncio.wait_for(driver.fetch("SELECT 1"), 1)
                prepared = await driver.prepare("SELECT 2")
                await prepared.fetchval()
                await driver.executemany("UPDATE accounts SET balance = $1", [(1,), (2,)])
                await driver.copy_records_to_table("entries", records=[(1,)], columns=["amount"])
            await driver.execute("SELECT 3;")
            await run(connection, "SELECT 4")

    explored = await interleavings(call, call)

    update = "UPDATE accounts SET balance = $1"
    past = ["SELECT 1", "SELECT 2", update, "COPY entries", "COMMIT", "SELECT 3"]
    of_each = [*past, "SELECT 4", "ROLLBACK"]
    assert [one.text for one in explored.serial[0].statements] == 2 * of_each
    lines = [int(one.where.split(":")[1].split()[0]) for one in explored.serial[0].statements]
    first = lines[0]
    assert [line - first for line in lines[:6]] == [0, 2, 3, 4, -1, 5]


async def test_savepoints_count(interleavings: Any, engine: AsyncEngine) -> None:
    async def call() -> None:
        async with engine.begin() as connection, connection.begin_nested():
            await run(connection, "UPDATE accounts SET balance = 0")

    explored = await interleavings(call, call)

    texts = [statement.text for statement in explored.serial[0].statements[:4]]
    assert [one.split()[0] for one in texts] == ["SAVEPOINT", "UPDATE", "RELEASE", "COMMIT"]


async def nothing() -> None:
    """No call for the database."""


@pytest.mark.parametrize(
    ("calls", "options", "said"),
    [
        ((nothing,), {}, "It needs two calls or more."),
        ((nothing, nothing), {"depth": 0}, "depth=0: a schedule has at least one change of turn."),
        (
            (nothing, nothing),
            {"accept": {(200,): "?"}},
            "accept: (200,) are not the outcomes of 2 ",
        ),
        ((nothing, nothing), {"accept": {(1, 2): " "}}, "accept: (1, 2) needs a reason."),
        ((nothing, nothing), {}, "No statement of the calls was seen"),
    ],
)
async def test_what_it_refuses(
    interleavings: Any, calls: tuple[Call, ...], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Exception, match=f"^{re.escape(said)}") as told:
        await interleavings(*calls, **options)

    assert type(told.value).__name__ == "ExplorationError"


async def test_a_coroutine_is_no_function(interleavings: Any) -> None:
    with pytest.raises(Exception, match="can be awaited only once: give a function that returns"):
        await interleavings(nothing(), nothing())


@pytest.fixture
def hidden(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue("interleavings")


async def test_a_test_without_a_database_of_its_own(hidden: Any) -> None:
    with pytest.raises(Exception, match=r"^The test has no database of its own: name the") as told:
        await hidden(nothing, nothing)

    assert type(told.value).__name__ == "ExplorationError"
