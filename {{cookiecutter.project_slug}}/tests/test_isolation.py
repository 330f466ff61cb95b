"""The fixtures do what they promise."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import BackgroundTasks, FastAPI, HTTPException, Request
from fastapi import WebSocket as StarletteWebSocket
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy import delete, event, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError

from app.database import SessionDep, create_engine, get_session
from app.errors import EmailTaken
from app.users.models import User
from app.users.service import create_user
from tests.app_under_test import PASSWORD
from tests.isolation import (
    ConcurrentRequestsError,
    Isolation,
    OneConnectionError,
    OtherServerError,
    OuterTransactionError,
    OverlappingTransactionsError,
    SeparateConnectionError,
    SharedDatabase,
    rebound,
    restored,
)
from tests.isolation import connection as shared_connection
from tests.isolation.fixtures import ConnectWebSocket
from tests.isolation.requests import request
from tests.postgres import Databases, ForeignDatabaseError, SocketURLError

# Not the users that the app may create when it starts.
PEOPLE = User.email.in_([f"{name}@example.com" for name in ("ada", "alan", "eve", "grace")])


@pytest.fixture
async def own(databases: Databases) -> AsyncIterator[SharedDatabase]:
    """A database that a test may change permanently."""
    url = await databases.clone()
    own = SharedDatabase(url)
    yield own
    await own.dispose()
    await databases.drop(url)


@pytest.mark.parametrize("run", ["first", "second"])
async def test_the_rows_of_one_test_are_not_there_in_the_next(
    session: AsyncSession, client: httpx.AsyncClient, run: str
) -> None:
    assert await session.scalar(select(func.count()).select_from(User).where(PEOPLE)) == 0
    await create_user(session, email="ada@example.com", password=PASSWORD)
    await client.post("/auth/register", json={"email": "grace@example.com", "password": PASSWORD})
    await session.commit()


async def test_the_rows_of_a_test_outlive_a_rollback_of_the_app(
    session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    response = await client.post("/auth/register", json={"email": user.email, "password": PASSWORD})

    assert response.status_code == 409
    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == [user.email]


async def test_a_rollback_of_the_test_keeps_what_the_app_has_committed(
    session: AsyncSession, client: httpx.AsyncClient
) -> None:
    assert (await session.scalars(select(User).where(PEOPLE))).all() == []
    await client.post("/auth/register", json={"email": "ada@example.com", "password": PASSWORD})

    await session.rollback()

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["ada@example.com"]


@pytest.mark.gate_allow("database.lost-commit", reason="the test is about a forgotten commit")
async def test_what_the_app_does_not_commit_is_lost(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    @app.post("/forget")
    async def forget(session: SessionDep) -> None:
        await create_user(session, email="ada@example.com", password=PASSWORD)

    assert (await client.post("/forget")).status_code == 200

    assert (await session.scalars(select(User).where(PEOPLE))).all() == []


async def test_the_app_and_the_test_have_different_sessions(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    loaded: list[User] = []

    @app.get("/load")
    async def load(session: SessionDep) -> None:
        loaded.extend(await session.scalars(select(User).where(PEOPLE)))

    assert (await client.get("/load")).status_code == 200

    assert [other.id for other in loaded] == [user.id]
    assert loaded[0] is not user


async def test_the_session_of_the_test_sees_what_the_app_has_changed(
    session: AsyncSession, client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)

    assert await session.scalar(select(User).where(PEOPLE)) is user
    assert user.full_name == "Ada"


async def test_a_session_that_bypasses_get_session_joins_the_same_transaction(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    @app.post("/behind")
    async def behind() -> None:
        async with app.state.sessionmaker() as other:
            await create_user(other, email="ada@example.com", password=PASSWORD)
            await other.commit()

    assert (await client.post("/behind")).status_code == 200

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["ada@example.com"]


async def test_a_sequence_is_reset_for_the_next_test(
    own: SharedDatabase,
) -> None:
    async with own.engine.begin() as connection:
        await connection.execute(text("CREATE SEQUENCE unused START 5"))
        await connection.execute(text("CREATE SEQUENCE used"))
        await connection.execute(text("SELECT nextval('used')"))

    for _ in range(2):
        async with own.isolated() as isolation:
            session = isolation.test_session
            assert await session.scalar(text("SELECT nextval('unused')")) == 5
            assert await session.scalar(text("SELECT nextval('used')")) == 2


async def test_no_state_of_a_connection_is_left_for_the_next_test(own: SharedDatabase) -> None:
    state = text("""
        SELECT pg_backend_pid(), current_setting('search_path'),
               nullif(current_setting('app.user', true), ''), to_regclass('pg_temp.notes'),
               (SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
               (SELECT count(*) FROM pg_listening_channels()),
               (SELECT count(*) FROM pg_cursors WHERE name = 'held')
    """)
    async with own.isolated() as isolation:
        clean = (await isolation.test_session.execute(state)).one()
    async with own.isolated() as isolation:
        session = isolation.test_session
        for statement in (
            "SET search_path TO pg_catalog",
            "SELECT set_config('app.user', 'ada', false)",
            "CREATE TEMPORARY TABLE notes ()",
            "SELECT pg_advisory_lock(1)",
            "LISTEN notes",
            "DECLARE held CURSOR WITH HOLD FOR SELECT 1",
        ):
            await session.execute(text(statement))
        await session.commit()
        assert (await session.execute(state)).one()[1:] != clean[1:]

    async with own.isolated() as isolation:
        assert (await isolation.test_session.execute(state)).one() == clean


async def test_a_test_that_breaks_its_connection_leaves_a_good_one_to_the_next(
    own: SharedDatabase,
) -> None:
    async with own.isolated() as isolation:
        with pytest.raises(DBAPIError):
            await isolation.test_session.execute(
                text("SELECT pg_terminate_backend(pg_backend_pid())")
            )

    async with own.isolated() as isolation:
        assert (
            await isolation.test_session.scalar(
                select(func.count()).select_from(User).where(PEOPLE)
            )
            == 0
        )


async def test_another_connection_is_refused_after_the_one_was_closed(own: SharedDatabase) -> None:
    async def work() -> None:
        async with own.isolated() as isolation:
            with suppress(DBAPIError):
                await isolation.test_session.execute(
                    text("SELECT pg_terminate_backend(pg_backend_pid())")
                )
            await isolation.test_session.rollback()
            await isolation.test_session.execute(text("SELECT 1"))

    with pytest.raises(
        SeparateConnectionError, match="it was closed, so an engine opens another one"
    ):
        await work()


async def test_a_test_that_ends_in_a_failed_statement_leaves_a_good_connection_to_the_next(
    own: SharedDatabase,
) -> None:
    async with own.isolated() as isolation:
        with pytest.raises(DBAPIError):
            await isolation.test_session.execute(text("SELECT 1 / 0"))

    async with own.isolated() as isolation:
        assert await isolation.test_session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    "statement",
    ["COMMIT", "  rollback; -- all of it", "END", "/* done */ COMMIT", "SELECT 1; ROLLBACK WORK"],
)
async def test_a_statement_that_would_end_the_transaction_of_the_test_is_refused(
    session: AsyncSession, statement: str
) -> None:
    with pytest.raises(
        OuterTransactionError, match=r"Use `session.commit\(\)` or `session.rollback\(\)`\."
    ):
        await session.execute(text(statement))


async def test_a_database_that_is_not_for_tests_is_refused(app: FastAPI) -> None:
    with pytest.raises(ForeignDatabaseError, match="'production' is not a test database"):
        async with create_engine("postgresql+asyncpg:///production").connect():
            pass


async def test_a_separate_engine_joins_the_same_transaction(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    @app.delete("/behind")
    async def behind() -> None:
        engine = create_engine(app.state.settings.database_url)
        async with engine.begin() as connection:
            await connection.execute(delete(User))
        await engine.dispose()

    assert (await client.delete("/behind")).status_code == 200

    assert (await session.scalars(select(User).where(PEOPLE))).all() == []


async def test_an_engine_that_was_made_for_another_database_joins_too(
    isolation: Isolation, session: AsyncSession, user: User
) -> None:
    engine = create_async_engine(
        "postgresql+asyncpg://ada:secret@db.example:1/shop?ssl=require",
        connect_args={"server_settings": {"application_name": "shop"}},
    )
    async with rebound(engine, isolation.database_url), engine.connect() as connection:
        emails = (await connection.scalars(select(User.email).where(PEOPLE))).all()
        name = await connection.scalar(text("SELECT current_setting('application_name')"))

    assert (emails, name) == ([user.email], "shop")
    with pytest.raises(ForeignDatabaseError, match="The database 'shop' is not a test database"):
        await engine.connect()


async def test_an_engine_of_another_server_is_refused(isolation: Isolation) -> None:
    with pytest.raises(OtherServerError, match="The engine is for sqlite, but the test databases"):
        async with rebound(create_sync_engine("sqlite://"), isolation.database_url):
            pass


async def test_a_connection_of_another_event_loop_is_refused(isolation: Isolation) -> None:
    async def connect() -> None:
        async with create_engine(isolation.database_url).connect():
            pass

    with pytest.raises(SeparateConnectionError, match=r"@pytest.mark.real_commits"):
        await asyncio.to_thread(asyncio.run, connect())


async def test_a_direct_connection_of_the_driver_is_refused(isolation: Isolation) -> None:
    url = isolation.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    with pytest.raises(SeparateConnectionError) as caught:
        await asyncpg.connect(url)
    assert str(caught.value) == (
        "The test has one connection, but `asyncpg.connect` opens another one, which would not see "
        "what the test has written. Mark the test with `@pytest.mark.real_commits`, which gives it "
        "its own database. For all tests, set `real_commits = True` in app_under_test.py."
    )
    with pytest.raises(ForeignDatabaseError, match="'production' is not a test database"):
        await asyncpg.connect("postgresql:///production")


@pytest.mark.real_commits
async def test_a_url_whose_socket_the_driver_would_not_use_says_what_to_set(
    isolation: Isolation,
) -> None:
    url = isolation.engine.url.set(drivername="postgresql", host="localhost", port=None)
    url = url.update_query_dict({"host": "/run/postgresql"})

    with pytest.raises(SocketURLError, match=r"Set `over_tcp = True` in app_under_test\.py\."):
        await asyncpg.connect(url.render_as_string(hide_password=False))


# Sessions that overlap


async def test_what_a_background_task_commits_outlives_the_rollback_of_the_request(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    async def mail() -> None:
        async with app.state.sessionmaker() as other, other.begin():
            other.add(User(email="grace@example.com", password_hash="unused"))

    @app.post("/read-and-mail")
    async def read_and_mail(session: SessionDep, background: BackgroundTasks) -> None:
        assert await session.scalar(select(User.email).where(PEOPLE)) == user.email
        await mail()
        background.add_task(mail_again)
        await session.rollback()

    async def mail_again() -> None:
        async with app.state.sessionmaker() as other, other.begin():
            other.add(User(email="alan@example.com", password_hash="unused"))

    assert (await client.post("/read-and-mail")).status_code == 200

    emails = await session.scalars(select(User.email).where(PEOPLE).order_by(User.email))
    assert emails.all() == ["ada@example.com", "alan@example.com", "grace@example.com"]


async def test_what_is_committed_before_an_http_exception_stays(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient
) -> None:
    @app.post("/audited")
    async def audited(session: SessionDep) -> None:
        assert await session.scalar(select(func.count()).select_from(User).where(PEOPLE)) == 0
        async with app.state.sessionmaker() as audit:
            audit.add(User(email="ada@example.com", password_hash="unused"))
            await audit.commit()
        raise HTTPException(409)

    assert (await client.post("/audited")).status_code == 409

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["ada@example.com"]


async def test_sessions_in_a_gather_have_separate_transactions(
    app: FastAPI, session: AsyncSession
) -> None:
    async def register(name: str) -> None:
        async with app.state.sessionmaker() as other:
            assert await other.scalar(select(func.count()).select_from(User).where(PEOPLE)) < 3
            await create_user(other, email=f"{name}@example.com", password=PASSWORD)
            await (other.rollback() if name == "eve" else other.commit())

    await asyncio.gather(*map(register, ("ada", "eve", "grace")))

    emails = await session.scalars(select(User.email).where(PEOPLE).order_by(User.email))
    assert emails.all() == ["ada@example.com", "grace@example.com"]


async def test_a_transaction_waits_for_another_one_to_end(
    app: FastAPI, session: AsyncSession
) -> None:
    written, read = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with app.state.sessionmaker() as other:
            await create_user(other, email="ada@example.com", password=PASSWORD)
            written.set()
            # The reader is waiting by now.
            await asyncio.sleep(0.05)
            assert not read.is_set()
            await other.commit()

    async def count() -> int | None:
        await written.wait()
        found = await session.scalar(select(func.count()).select_from(User).where(PEOPLE))
        read.set()
        return found

    _, found = await asyncio.gather(write(), count())
    assert found == 1


async def test_a_transaction_waits_no_longer_when_the_clock_is_stopped(
    own: SharedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_connection, "PATIENCE_S", 0.05)
    now = time.monotonic()
    async with own.isolated() as isolation, AsyncSession(own.engine) as other:
        await create_user(other, email="ada@example.com", password=PASSWORD)
        with monkeypatch.context() as frozen:
            frozen.setattr(time, "monotonic", lambda: now)
            with pytest.raises(OverlappingTransactionsError):
                await asyncio.create_task(isolation.test_session.scalar(select(User.email)))


async def test_a_transaction_inside_another_one_that_has_written_is_refused(
    app: FastAPI, session: AsyncSession
) -> None:
    await create_user(session, email="ada@example.com", password=PASSWORD)

    async with app.state.sessionmaker() as other:
        with pytest.raises(OverlappingTransactionsError) as caught:
            await other.scalar(select(User.email))

    assert str(caught.value).startswith(
        "Two transactions overlap on the one connection of the test: 'SELECT users.email FROM"
        " users' ran while another session had neither committed nor rolled back 'INSERT INTO"
        " users ("
    )
    assert "Mark the test with `@pytest.mark.real_commits`" in str(caught.value)


async def test_a_refusal_that_the_app_catches_fails_the_test(own: SharedDatabase) -> None:
    async def audit(sessions: async_sessionmaker[AsyncSession]) -> None:
        with suppress(Exception):
            async with sessions() as other:
                await other.execute(text("SELECT 1"))

    async def run() -> None:
        async with own.isolated() as isolation:
            await create_user(isolation.test_session, email="ada@example.com", password=PASSWORD)
            await audit(async_sessionmaker(own.engine))

    with pytest.raises(OverlappingTransactionsError, match="'SELECT 1' ran while"):
        await run()


async def test_a_function_that_writes_is_rolled_back_with_its_transaction(
    own: SharedDatabase,
) -> None:
    async with own.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE notes (id int)"))
        await connection.execute(
            text(
                "CREATE FUNCTION note() RETURNS void LANGUAGE sql AS 'INSERT INTO notes VALUES (1)'"
            )
        )

    async with own.isolated() as isolation, AsyncSession(own.engine) as other:
        await other.execute(text("SELECT note()"))
        await other.rollback()
        await other.execute(text("SELECT note()"))
        await other.commit()
        assert await isolation.test_session.scalar(text("SELECT count(*) FROM notes")) == 1


async def test_a_constraint_that_is_deferred_is_checked_at_the_commit(own: SharedDatabase) -> None:
    async with own.engine.begin() as connection:
        await connection.execute(
            text("CREATE TABLE ranks (rank int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        )

    async with own.isolated() as isolation, AsyncSession(own.engine) as other:
        await other.execute(text("INSERT INTO ranks VALUES (1)"))
        await other.commit()
        await other.execute(text("INSERT INTO ranks VALUES (1)"))
        with pytest.raises(IntegrityError):
            await other.commit()
        await other.rollback()
        assert await isolation.test_session.scalar(text("SELECT count(*) FROM ranks")) == 1


async def test_in_autocommit_mode_each_statement_is_committed(
    isolation: Isolation, session: AsyncSession
) -> None:
    insert = "INSERT INTO users (id, email, password_hash) VALUES (gen_random_uuid(), 'a', 'x')"
    async with isolation.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text(insert))
        with pytest.raises(IntegrityError):
            await connection.execute(text(insert))
        await connection.execute(text(insert.replace("'a'", "'b'")))

    assert (
        await session.scalars(
            select(User.email).where(User.email.in_(["a", "b"])).order_by(User.email)
        )
    ).all() == ["a", "b"]


async def test_an_argument_of_a_wrong_type_does_not_undo_what_was_written(
    isolation: Isolation, session: AsyncSession
) -> None:
    async with isolation.engine.connect() as connection:
        await connection.execute(text("CREATE TABLE notes (id int)"))
        with pytest.raises(DBAPIError, match="invalid input for query argument"):
            await connection.execute(text("INSERT INTO notes VALUES (:id)"), {"id": "one"})
        await connection.commit()

    assert await session.scalar(text("SELECT count(*) FROM notes")) == 0


async def test_what_an_engine_sets_when_it_connects_outlives_a_rollback(
    isolation: Isolation,
) -> None:
    engine = create_engine(isolation.database_url)
    event.listen(
        engine.sync_engine,
        "connect",
        lambda connection, _: connection.cursor().execute("SET application_name TO 'pytest_x'"),
    )
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE notes (id int)"))
        await connection.rollback()
        assert await connection.scalar(text("SHOW application_name")) == "pytest_x"
    await engine.dispose()


async def test_the_connection_of_the_driver_has_the_same_transactions(
    app: FastAPI, session: AsyncSession
) -> None:
    insert = "INSERT INTO users (id, email, password_hash) VALUES (gen_random_uuid(), $1, 'x')"
    async with app.state.sessionmaker() as other:
        raw = (await (await other.connection()).get_raw_connection()).driver_connection
        async with raw.transaction():
            await raw.execute(insert, "ada")
        transaction = raw.transaction()
        await transaction.start()
        await raw.executemany(insert, [("eve",), ("mallory",)])
        await transaction.rollback()
        await other.commit()

    assert (
        await session.scalars(select(User.email).where(User.email.in_(["ada", "eve"])))
    ).all() == ["ada"]


async def test_rows_are_streamed_while_another_session_works(
    app: FastAPI, session: AsyncSession
) -> None:
    await session.execute(text("CREATE TEMPORARY TABLE n AS SELECT generate_series(1, 200) AS n"))
    await session.commit()
    async with app.state.sessionmaker() as reader, app.state.sessionmaker() as writer:
        seen = 0
        async for _ in await reader.stream(text("SELECT n FROM n")):
            seen += 1
            if seen % 50 == 0:
                await create_user(
                    writer, email=f"{seen}@example.com", password=PASSWORD, full_name="streamed"
                )
                await writer.commit()

    assert seen == 200
    assert (
        await session.scalar(
            select(func.count()).select_from(User).where(User.full_name == "streamed")
        )
        == 4
    )


async def test_a_transaction_that_has_undone_its_writes_does_not_block_others(
    app: FastAPI, session: AsyncSession, user: User
) -> None:
    async with app.state.sessionmaker() as one, app.state.sessionmaker() as other:
        async with one.begin_nested():
            await one.scalar(select(User.email))
        with pytest.raises(EmailTaken):
            await create_user(one, email=user.email, password=PASSWORD)
        await create_user(other, email="grace@example.com", password=PASSWORD)
        await other.commit()
        async with one.begin_nested():
            await create_user(one, email="alan@example.com", password=PASSWORD)
        await one.commit()

    emails = await session.scalars(select(User.email).where(PEOPLE).order_by(User.email))
    assert emails.all() == ["ada@example.com", "alan@example.com", "grace@example.com"]


async def test_a_volatile_function_that_writes_nothing_does_not_block_others(
    app: FastAPI, session: AsyncSession
) -> None:
    async with app.state.sessionmaker() as one, app.state.sessionmaker() as other:
        await one.scalar(select(User.email).order_by(func.random()))
        await one.execute(text("SELECT pg_advisory_lock(1)"))
        await create_user(other, email="ada@example.com", password=PASSWORD)
        await other.commit()

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["ada@example.com"]


async def test_a_transaction_that_has_failed_does_not_block_others(
    app: FastAPI, session: AsyncSession
) -> None:
    async with app.state.sessionmaker() as one, app.state.sessionmaker() as other:
        await create_user(one, email="ada@example.com", password=PASSWORD)
        with pytest.raises(DBAPIError, match="division by zero"):
            await one.execute(text("SELECT 1 / 0"))
        await create_user(other, email="grace@example.com", password=PASSWORD)
        await other.commit()
        with pytest.raises(DBAPIError, match="current transaction is aborted"):
            await one.execute(text("SELECT 1"))
        await one.rollback()
        assert await one.scalar(text("SELECT 1")) == 1

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["grace@example.com"]


async def test_a_savepoint_is_rolled_back_to_more_than_once(
    app: FastAPI, session: AsyncSession
) -> None:
    async with app.state.sessionmaker() as other:
        await other.execute(text("SAVEPOINT again"))
        for _ in range(2):
            with pytest.raises(DBAPIError, match="division by zero"):
                await other.execute(text("SELECT 1 / 0"))
            await other.execute(text("ROLLBACK TO again"))
        await create_user(other, email="ada@example.com", password=PASSWORD)
        await other.commit()

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["ada@example.com"]


async def test_a_setting_of_one_transaction_ends_with_it(
    app: FastAPI, session: AsyncSession
) -> None:
    settings = text("SELECT current_setting('app.user', true), current_setting('lock_timeout')")
    async with app.state.sessionmaker() as other:
        await other.execute(select(func.set_config("app.user", "ada", True)))
        await other.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert (await other.execute(settings)).one() == ("ada", "2s")
        await other.commit()
        assert (await other.execute(settings)).one() == ("", "0")
        await other.execute(select(func.set_config("app.user", "eve", False)))
        await other.commit()
        assert (await other.execute(settings)).one() == ("eve", "0")


async def test_a_temporary_table_is_dropped_at_the_commit(
    app: FastAPI, session: AsyncSession
) -> None:
    async with app.state.sessionmaker() as other:
        for _ in range(2):
            await other.execute(text("CREATE TEMP TABLE batch (id int) ON COMMIT DROP"))
            await other.execute(text("INSERT INTO batch VALUES (1)"))
            await other.commit()


async def test_a_transaction_that_only_reads_may_not_write(
    app: FastAPI, session: AsyncSession
) -> None:
    async with app.state.sessionmaker() as other:
        await other.connection(execution_options={"postgresql_readonly": True})
        with pytest.raises(DBAPIError, match="in a read-only transaction"):
            await create_user(other, email="ada@example.com", password=PASSWORD)
        await other.rollback()
        await create_user(other, email="grace@example.com", password=PASSWORD)
        await other.commit()

    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == ["grace@example.com"]


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
async def test_a_transaction_that_would_lose_its_snapshot_is_refused(
    app: FastAPI, session: AsyncSession, level: str
) -> None:
    async with app.state.sessionmaker() as one, app.state.sessionmaker() as other:
        await one.connection(execution_options={"isolation_level": level})
        await one.scalars(select(User.email))
        await one.scalars(select(User.email))
        await create_user(other, email="ada@example.com", password=PASSWORD)
        await other.commit()
        with pytest.raises(OneConnectionError, match="would see what another one has committed"):
            await one.scalars(select(User.email))


async def test_an_advisory_lock_that_would_not_block_is_refused(
    isolation: Isolation,
) -> None:
    lock = text("SELECT pg_try_advisory_lock(:key)")
    async with isolation.engine.connect() as one, isolation.engine.connect() as other:
        for connection in (one, other):
            await connection.execution_options(isolation_level="AUTOCOMMIT")
        assert await one.scalar(lock, {"key": 1})
        assert await other.scalar(lock, {"key": 2})
        with pytest.raises(
            OneConnectionError, match="an advisory lock that another session holds does not block"
        ):
            await other.scalar(lock, {"key": 1})
        await one.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": 1})
        assert await other.scalar(lock, {"key": 1})


async def test_a_notification_that_would_not_be_sent_is_refused(
    app: FastAPI, isolation: Isolation, session: AsyncSession
) -> None:
    await session.execute(text("NOTIFY news"))
    await session.commit()
    async with isolation.engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        await raw.add_listener("news", print)
        with pytest.raises(OneConnectionError, match="since its transaction never commits"):
            await session.execute(select(func.pg_notify("news", "one")))


async def test_a_codec_of_one_test_is_removed_for_the_next(own: SharedDatabase) -> None:
    async def price(isolation: Isolation) -> object:
        async with isolation.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            return await raw.fetchval("SELECT 1.50::numeric")

    async with own.isolated() as isolation:
        assert await price(isolation) == Decimal("1.50")
        async with isolation.engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            await raw.set_type_codec("numeric", encoder=str, decoder=str, schema="pg_catalog")
        assert await price(isolation) == "1.50"
    async with own.isolated() as isolation:
        assert await price(isolation) == Decimal("1.50")


async def test_the_server_settings_of_an_engine_are_applied(isolation: Isolation) -> None:
    engine = create_async_engine(
        isolation.database_url, connect_args={"server_settings": {"statement_timeout": "7s"}}
    )
    async with engine.connect() as connection:
        assert await connection.scalar(text("SHOW statement_timeout")) == "7s"
    await engine.dispose()


async def test_each_engine_learns_its_own_schema_and_not_that_of_another(
    own: SharedDatabase,
) -> None:
    async def schema(**settings: str) -> str | None:
        engine = create_async_engine(own.url, connect_args={"server_settings": settings})
        async with engine.connect():
            name: str | None = engine.dialect.default_schema_name
        await engine.dispose()
        return name

    async with own.isolated() as isolation:
        connection = await isolation.test_session.connection()
        raw: Any = (await connection.get_raw_connection()).driver_connection
        # The next test gets a connection that no engine has asked.
        raw.add_log_listener(print)
    async with own.isolated() as isolation:
        await isolation.test_session.execute(text("SET search_path TO pg_catalog"))
        await isolation.test_session.commit()
        await schema()
    for _ in range(2):
        async with own.isolated():
            assert await schema() == "public"
            assert await schema(search_path="pg_catalog") == "pg_catalog"


async def test_a_savepoint_needs_a_transaction(isolation: Isolation) -> None:
    async with isolation.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        with pytest.raises(DBAPIError, match="SAVEPOINT can only be used in transaction blocks"):
            await connection.execute(text("SAVEPOINT mine"))


async def test_the_driver_prepares_statements_and_iterates_over_cursors(
    app: FastAPI, session: AsyncSession
) -> None:
    insert = "INSERT INTO users (id, email, password_hash) VALUES (gen_random_uuid(), $1, 'x')"
    async with app.state.sessionmaker() as other:
        raw = (await (await other.connection()).get_raw_connection()).driver_connection
        assert not raw.is_in_transaction()
        with pytest.raises(asyncpg.NoActiveSQLTransactionError, match="outside of a transaction"):
            await raw.cursor("SELECT 1")
        transaction = raw.transaction()
        await transaction.start()
        statement = await raw.prepare(f"{insert} RETURNING email")
        assert await statement.fetchval("ada") == "ada"
        numbers = await raw.prepare("SELECT generate_series(1, $1::int)")
        assert [row[0] async for row in numbers.cursor(60)] == list(range(1, 61))
        cursor = await raw.cursor("SELECT generate_series(1, 3)")
        await cursor.forward(1)
        assert (await cursor.fetchrow())[0] == 2
        await transaction.rollback()

    assert (await session.scalars(select(User.email).where(User.email == "ada"))).all() == []


# Real commits


@pytest.mark.real_commits
async def test_with_real_commits_the_same_fixtures_have_their_own_database_and_pool(
    app: FastAPI, session: AsyncSession, client: httpx.AsyncClient, user: User
) -> None:
    first, second = await asyncio.gather(
        *(
            client.post("/auth/register", json={"email": email, "password": PASSWORD})
            for email in ("grace@example.com", "alan@example.com")
        )
    )

    assert (first.status_code, second.status_code) == (201, 201)
    assert await session.scalar(select(func.count()).select_from(User).where(PEOPLE)) == 3
    async with app.state.sessionmaker() as one, app.state.sessionmaker() as other:
        pids = {await session.scalar(text("SELECT pg_backend_pid()")) for session in (one, other)}
    assert len(pids) == 2


@pytest.mark.parametrize("run", ["first", "second"])
@pytest.mark.real_commits
async def test_the_rows_of_one_test_with_real_commits_are_not_there_in_the_next(
    session: AsyncSession, user: User, run: str
) -> None:
    assert (await session.scalars(select(User.email).where(PEOPLE))).all() == [user.email]


async def test_now_does_not_advance_in_the_one_transaction(session: AsyncSession) -> None:
    now = await session.scalar(select(func.now()))
    await session.commit()

    assert await session.scalar(select(func.now())) == now


@pytest.mark.real_commits
async def test_now_advances_with_real_commits(session: AsyncSession) -> None:
    now = await session.scalar(select(func.now()))
    await session.commit()

    assert await session.scalar(select(func.now())) != now


def test_a_plain_function_that_requests_the_app_has_real_commits(
    app: FastAPI, has_real_commits: bool
) -> None:
    assert has_real_commits


# Requests


@pytest.mark.gate_allow("requests.5xx", reason="the refusal is an error in the app")
async def test_two_simultaneous_requests_on_client_are_refused(
    client: httpx.AsyncClient, token: dict[str, str]
) -> None:
    responses = await asyncio.gather(
        *(client.get("/users/me", headers=token) for _ in range(2)), return_exceptions=True
    )

    refused = [r for r in responses if isinstance(r, ConcurrentRequestsError)]
    assert len(refused) == 1
    assert "Use the `concurrent_client` fixture." in str(refused[0])


@pytest.mark.gate_allow("requests.5xx", reason="the refusal is an error in the app")
async def test_simultaneous_requests_are_refused_behind_get_session_too(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    @app.get("/behind")
    async def behind() -> None:
        async with app.state.sessionmaker() as session:
            await session.execute(text("SELECT 1"))

    responses = await asyncio.gather(
        *(client.get("/behind") for _ in range(2)), return_exceptions=True
    )

    assert [type(r) for r in responses] == [httpx.Response, ConcurrentRequestsError]


async def test_a_refusal_of_a_request_that_the_app_catches_fails_the_test(
    own: SharedDatabase,
) -> None:
    async def use() -> None:
        async with own.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def use_and_catch() -> None:
        with request(), suppress(ConcurrentRequestsError):
            await use()

    async def overlap() -> None:
        async with own.isolated():
            with request():
                await use()
                await asyncio.create_task(use_and_catch())

    with pytest.raises(ConcurrentRequestsError):
        await overlap()


async def test_no_override_is_left_behind(app: FastAPI) -> None:
    assert app.dependency_overrides == {}


async def test_what_a_test_changes_in_the_app_is_undone(app: FastAPI) -> None:
    with restored(app):
        app.dependency_overrides[get_session] = AsyncSession
        app.add_api_route("/mine", lambda: None)
        app.state.mine = True
        assert "/mine" in app.openapi()["paths"]

    assert app.dependency_overrides == {}
    assert "mine" not in app.state
    assert "/mine" not in app.openapi()["paths"]


async def test_client_overrides_nothing_of_the_app(app: FastAPI, client: httpx.AsyncClient) -> None:
    assert app.dependency_overrides == {}


async def test_concurrent_client_is_the_client_of_a_test_with_real_commits(
    client: httpx.AsyncClient, concurrent_client: httpx.AsyncClient, has_real_commits: bool
) -> None:
    assert concurrent_client is client
    assert has_real_commits


async def test_an_open_websocket_does_not_block_a_request(
    app: FastAPI,
    client: httpx.AsyncClient,
    connect_websocket: ConnectWebSocket,
    user: User,
    token: dict[str, str],
) -> None:
    @app.websocket("/emails")
    async def emails(socket: StarletteWebSocket, session: SessionDep) -> None:
        await socket.accept()
        async for _ in socket.iter_text():
            await socket.send_json(
                (await session.scalars(select(User.full_name).where(PEOPLE))).all()
            )

    async with connect_websocket("/emails") as socket:
        await socket.send_text("which?")
        assert await socket.receive_json() == [None]
        await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)
        await socket.send_text("which?")
        assert await socket.receive_json() == ["Ada"]


async def test_each_request_has_its_own_state(app: FastAPI, client: httpx.AsyncClient) -> None:
    @app.get("/state")
    async def state(request: Request) -> bool:
        seen = hasattr(request.state, "seen")
        request.state.seen = True
        return seen

    assert [(await client.get("/state")).json() for _ in range(2)] == [False, False]


async def test_two_requests_without_a_session_may_overlap(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    published = asyncio.Event()

    @app.get("/wait")
    async def wait() -> None:
        await published.wait()

    @app.post("/publish")
    async def publish(session: SessionDep) -> None:
        published.set()

    waiting = asyncio.create_task(client.get("/wait"))
    assert (await client.post("/publish")).status_code == 200
    assert (await waiting).status_code == 200


async def test_one_engine_after_the_other_reads_an_array(isolation: Isolation) -> None:
    for _ in range(2):
        engine = create_engine(isolation.database_url)
        async with engine.connect() as connection:
            assert await connection.scalar(text("SELECT CAST('{a,b}' AS varchar[])")) == ["a", "b"]
        await engine.dispose()


async def test_each_clone_is_a_separate_database(databases: Databases) -> None:
    urls = [await databases.clone() for _ in range(3)]

    assert len(set(urls)) == 3
    for url in urls:
        await databases.drop(url)


async def test_changing_a_row_that_the_app_has_changed_says_how_to_fix_it(
    session: AsyncSession, client: httpx.AsyncClient, user: User, token: dict[str, str]
) -> None:
    await client.patch("/users/me", json={"full_name": "Ada"}, headers=token)
    user.full_name = "Grace"

    with pytest.raises(StaleDataError) as caught:
        await client.get("/users/me", headers=token)

    assert caught.value.__notes__ == [
        "The app has changed the row. Call `await session.refresh(...)` first."
    ]
