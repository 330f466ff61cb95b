"""Throw-away databases: one migrated template for each run, and clones of it."""

from __future__ import annotations

import asyncio
import os
import re
import sysconfig
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    suppress,
)
from contextvars import copy_context
from dataclasses import dataclass
from inspect import getfile
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import uuid4

import asyncpg
from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from .embedded import CREDENTIALS, PostgresUnavailable, running_server, without_variables
from .guard import only_databases
from .snapshots import Snapshot, taken

MAY_CREATE_DATABASES = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
# A connection of PgBouncer keeps the name of its last user, but not the transaction.
ALIVE = (
    "SELECT application_name FROM pg_stat_activity "
    "WHERE xact_start IS NOT NULL AND pid != pg_backend_pid()"
)
MY_DATABASES = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user"

ERRORS_OF_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError)
#: PgBouncer may use another connection for the next transaction, without what is prepared.
NO_CACHE = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}

LOCK = text("SELECT pg_advisory_xact_lock(hashtext('pytest databases'))")

#: Options of a URL that are arguments of asyncpg, and those that it reads only from a URL.
OPTIONS = {"dsn", "host", "port", "ssl", "target_session_attrs"}
OPTIONS_IN_URL = {
    *("gsslib", "krbsrvname", "options", "passfile", "ssl_max_protocol_version"),
    *("ssl_min_protocol_version", "sslcert", "sslcrl", "sslkey", "sslnegotiation"),
    *("sslpassword", "sslrootcert"),
}

#: A database of ours is named `pytest_<run>_...`, and so is the connection that keeps it alive.
PREFIX = "pytest_"
NAME = re.compile(rf"^({PREFIX}[0-9a-f]{{12}})_")
#: Read before an app is imported, which may set it for its own use.
DATABASE_URL = os.environ.get("DATABASE_URL")

Result = TypeVar("Result")


class DatabaseError(Exception):
    """The test databases are not available. The message is one line that says how to fix it."""


@dataclass(frozen=True)
class Server:
    """The server of the databases, and what to say when it fails."""

    url: URL
    source: str
    name: str
    fix: str

    def failure(self, what: str, error: Exception) -> DatabaseError:
        """Make the error to raise. In `what`, {} stands for the name of the server."""
        reason = _message(error).partition("\n")[0].rstrip(".")
        return DatabaseError(f"{self.source}: {what.format(self.name)}: {reason}. {self.fix}")


class Databases:
    """Makes clones of the template database, and drops them.

    A test can call it on any event loop.
    """

    def __init__(self, server: Server, admin: AsyncConnection, run: str) -> None:
        self._server = server
        self._admin = admin
        self._run = run
        self._loop = asyncio.get_running_loop()
        # Two statements at the same time on one connection would be an error.
        self._lock = asyncio.Lock()
        self._created: set[str] = set()
        self._numbers = count(1)
        # The next test's clone is made while this one runs, in a task that is not the test's.
        self._ahead: asyncio.Task[str] | None = None
        self.context = copy_context()
        self._clones = 0

    @property
    def template(self) -> str:
        return f"{self._run}_template"

    def url(self, database: str) -> str:
        return self._server.url.set(database=database).render_as_string(hide_password=False)

    async def clone(self) -> str:
        """Create a database that is a copy of the template, and return its URL.

        Raises:
            DatabaseError: The server failed.
        """
        return await self.on_its_loop(self._clone())

    async def create(self) -> str:
        """Create a database without tables, and return its URL.

        Raises:
            DatabaseError: The server failed.
        """
        return await self.on_its_loop(self._create(""))

    async def drop(self, url: str) -> None:
        """Drop a database that was created here, even if something is connected to it."""
        await self.on_its_loop(self._drop(url))

    async def check(self) -> None:
        """Check that the server is still running, at no cost if it is.

        Raises:
            DatabaseError: The server failed.
        """
        if self._is_disconnected():
            await self.on_its_loop(self._execute("SELECT 1"))

    def snapshot(self, url: str) -> AbstractAsyncContextManager[Snapshot]:
        """Take a snapshot of a database that was created here, and be able to go back to it.

        What is connected to the database is disconnected. At the end it is as it was.

        Raises:
            OpenTransactionError: What is connected is in a transaction, which would be lost.
            DatabaseError: The server failed.
        """
        return taken(self, self._admin.engine, url)

    def only_these(self) -> AbstractContextManager[None]:
        """Refuse connections to other databases."""
        return only_databases(PREFIX)

    async def on_its_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Do some work on the event loop of these databases."""
        if asyncio.get_running_loop() is self._loop:
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def _clone(self) -> str:
        options = f'TEMPLATE "{self.template}" STRATEGY FILE_COPY'
        ahead, self._ahead = self._ahead, None
        url = await (ahead or self._create(options))
        self._clones += 1
        # All tests share the first one, and maybe no test needs its own.
        if self._clones > 1:
            self._ahead = self.context.run(asyncio.create_task, self._create(options))
        return url

    async def _drop(self, url: str) -> None:
        name = make_url(url).database
        assert name in self._created, f"{name} is not a database of this run"
        # If the server failed, the next test says so.
        with suppress(DatabaseError):
            await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')
            self._created.remove(name)

    def _is_disconnected(self) -> bool:
        return self._admin.invalidated or bool(self._connection.is_closed())

    def new_name(self) -> str:
        return f"{self._run}_{os.getpid()}_{next(self._numbers)}"

    def failure(self, error: Exception) -> DatabaseError:
        return self._server.failure("{} failed", error)

    async def connect(self, database: str) -> Any:
        """Connect to a database, by the driver itself."""
        url = self._server.url.set(database=database)
        _, arguments = self._admin.dialect.create_connect_args(url)
        return await asyncpg.connect(**arguments, statement_cache_size=0)

    async def _create(self, options: str) -> str:
        name = self.new_name()
        await self._execute(f'CREATE DATABASE "{name}" {options}')
        self._created.add(name)
        return self.url(name)

    async def _execute(self, statement: str) -> list[Any]:
        """Execute a statement, and return the values of its first column."""
        async with self._lock:
            try:
                if self._is_disconnected():
                    # A statement was interrupted, or the server has stopped. This reconnects.
                    await self._admin.invalidate()
                    await self._admin.rollback()
                    await self._look_at_the_connection()
                if not statement.startswith("SELECT"):
                    await self._connection.execute(statement)
                    return []
                # PgBouncer may prepare it on one connection and execute it on another.
                async with self._connection.transaction():
                    return [row[0] for row in await self._connection.fetch(statement)]
            except (SQLAlchemyError, OSError, *ERRORS_OF_DRIVER) as error:
                raise self._server.failure("{} failed", error) from error

    async def _look_at_the_connection(self) -> None:
        self._connection: Any = (await self._admin.get_raw_connection()).driver_connection

    async def _build_template(self, migrate: Callable[[str], None]) -> None:
        names = await self._execute(MY_DATABASES)
        if self.template in names:
            return
        # The final name is given last, so that a killed migration leaves no incomplete template.
        unfinished = f"{self.template}_unfinished"
        await self._execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
        await self._execute(f'CREATE DATABASE "{unfinished}"')
        try:
            with self.only_these():
                await asyncio.to_thread(migrate, self.url(unfinished))
        except (Exception, SystemExit) as error:
            await self._execute("SELECT 1")
            raise DatabaseError(f"The schema can't be built: {_explain(error, migrate)}") from error
        # An engine of the migrations may still keep a connection in its pool.
        await self._execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{unfinished}'"
        )
        await self._execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{self.template}"')

    async def _open(self, migrate: Callable[[str], None]) -> None:
        await self._look_at_the_connection()
        if not (await self._execute(MAY_CREATE_DATABASES))[0]:
            raise DatabaseError(
                f"DATABASE_URL: the role {self._server.url.username} may not create databases. "
                f"Allow it with ALTER ROLE {self._server.url.username} CREATEDB, "
                "or unset DATABASE_URL to use the embedded PostgreSQL."
            )
        async with self._one_at_a_time():
            await self._drop_abandoned(also_mine=False)
            await self._build_template(migrate)

    async def _close(self) -> None:
        with suppress(DatabaseError):
            if self._ahead is not None:
                await self._ahead
        # The next run drops what is left on a server that failed.
        with suppress(DatabaseError):
            for name in list(self._created):
                await self._drop(self.url(name))
            async with self._one_at_a_time():
                await self._drop_abandoned(also_mine=True)

    async def _drop_abandoned(self, *, also_mine: bool) -> None:
        """Drop the databases of finished runs, and of this one if it has no other worker."""
        alive = set(await self._execute(ALIVE)) | (set() if also_mine else {self._run})
        for name in await self._execute(MY_DATABASES):
            match = NAME.match(name)
            if match and match[1] not in alive:
                await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _one_at_a_time(self) -> AbstractAsyncContextManager[None]:
        # This transaction is not what shows that the run is alive.
        return self._in_transaction(
            "SET LOCAL application_name = 'pytest'",
            "SELECT pg_advisory_xact_lock(hashtext('pytest databases'))",
        )

    def _shown_as_alive(self) -> AbstractAsyncContextManager[None]:
        """Show other runs by a transaction, which has the name of this one, that it is alive."""
        return self._in_transaction("SET LOCAL idle_in_transaction_session_timeout = 0")

    @asynccontextmanager
    async def _in_transaction(self, *statements: str) -> AsyncIterator[None]:
        engine = self._admin.engine.execution_options(isolation_level="READ COMMITTED")
        try:
            async with engine.connect() as connection:
                for statement in statements:
                    await connection.execute(text(statement))
                yield
        except (SQLAlchemyError, OSError) as error:
            raise self._server.failure("{} failed", error) from error


@asynccontextmanager
async def open_databases(
    migrate: Callable[[str], None], *, over_tcp: bool = False
) -> AsyncIterator[Databases]:
    """Open the databases of one pytest process, on DATABASE_URL's server or on an embedded one.

    The database that DATABASE_URL names is never written to. The workers of pytest-xdist share
    the server and the template.

    Args:
        migrate: Builds the schema in the database whose URL it is given. Runs in a thread.
        over_tcp: The URLs have a host, a port and a password, also those of the embedded server.

    Raises:
        DatabaseError: There is no server, or the role may not create databases.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    server = given_server()
    if server:
        with only_given_server():
            async with _databases_on(server, f"{PREFIX}{run[:12]}", migrate) as databases:
                yield databases
        return
    embedded = running_server(share=run, over_tcp=over_tcp)
    try:
        started = await asyncio.to_thread(embedded.__enter__)
    except PostgresUnavailable as error:
        raise DatabaseError(str(error)) from error
    try:
        server = Server(
            make_url(started.url()),
            "Embedded PostgreSQL",
            "the server",
            "Fix the cause, and run the tests again.",
        )
        async with _databases_on(server, f"{PREFIX}{run[:12]}", migrate) as databases:
            yield databases
    finally:
        await asyncio.to_thread(embedded.__exit__, None, None, None)


def only_given_server() -> AbstractContextManager[None]:
    """Hide the variables that lead to another server than the tests use."""
    return without_variables(but=CREDENTIALS if DATABASE_URL else None)


def given_server() -> Server | None:
    """Return the server that DATABASE_URL names, if it is set.

    Raises:
        DatabaseError: It is not a PostgreSQL URL.
    """
    if not DATABASE_URL:
        return None
    url = None
    with suppress(SQLAlchemyError, ValueError):
        url = make_url(DATABASE_URL)
    # All that follows the first @ is read as the host, and may be half of a password.
    if url is None or "@" in (url.host or ""):
        raise DatabaseError(
            "DATABASE_URL is not a valid database URL. Set it to "
            "postgresql://USER:PASSWORD@HOST:PORT/NAME, with any @ in the password written as %40, "
            "or unset it to use the embedded PostgreSQL."
        )
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseError(
            f"DATABASE_URL is for {url.get_backend_name()}, but the tests need postgresql://. "
            "Unset it to use the embedded PostgreSQL."
        )
    return Server(
        url.set(drivername="postgresql+asyncpg", query=_options_for_asyncpg(url)),
        "DATABASE_URL",
        f"the server {url.host}:{url.port or 5432}",
        "Start the server or fix the URL, or unset it to use the embedded PostgreSQL.",
    )


def _options_for_asyncpg(url: URL) -> dict[str, Any]:
    """Return the options of a URL as asyncpg reads them.

    Others make no difference to tests, or are for another driver.
    """
    # asyncpg and libpq name the SSL mode differently.
    options = {"ssl" if name == "sslmode" else name: text for name, text in url.query.items()}
    known = {name: text for name, text in options.items() if name in OPTIONS}
    in_url = {name: text for name, text in options.items() if name in OPTIONS_IN_URL}
    return known | ({"dsn": f"postgresql:///?{urlencode(in_url)}"} if in_url else {})


@asynccontextmanager
async def _databases_on(
    server: Server, run: str, migrate: Callable[[str], None]
) -> AsyncIterator[Databases]:
    engine = create_async_engine(
        server.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args=NO_CACHE | {"server_settings": {"application_name": run}},
    )
    try:
        admin = await engine.connect()
    except (SQLAlchemyError, OSError) as error:
        raise server.failure("could not connect to {}", error) from error
    async with aclosing(admin):
        databases = Databases(server, admin, run)
        try:
            async with databases._shown_as_alive():
                await databases._open(migrate)
                yield databases
        finally:
            await databases._close()


def _message(error: BaseException) -> str:
    """Return the message of an error, without what SQLAlchemy adds to the server's."""
    cause = error.__cause__ if isinstance(error, DBAPIError) else error
    return str(cause or error).strip()


def _explain(error: BaseException, migrate: Callable[[str], None]) -> str:
    """Describe in one line how the migrations failed, and on which lines of the project."""
    of_server: BaseException | None = error
    while not isinstance(of_server, DBAPIError | None):
        of_server = of_server.__cause__ or of_server.__context__
    message = _message(of_server) if of_server else ""
    if of_server is not error:
        message = ": ".join(filter(None, (type(error).__name__, str(error), message)))
    notes = getattr(error, "__notes__", ())
    message = " ".join(", ".join([message.rstrip("."), *notes]).split())
    tests = str(Path(getfile(migrate)).parent)
    others = (tests, *map(sysconfig.get_path, ("stdlib", "purelib", "platlib")))
    lines: dict[str, str] = {}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_file() and not frame.filename.startswith(others):
            name = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            lines.setdefault(frame.filename, f"{name}:{frame.lineno} in {frame.name}")
    # The innermost may be a helper of a migration.
    where = ", called from ".join(list(lines.values())[:2])
    return f"{message}, at {where}." if where else f"{message}."
