"""Throw-away databases: one migrated template for each run, and clones of it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import count
from uuid import uuid4

from sqlalchemy import URL, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from .embedded import PostgresUnavailable, running_server

MAY_CREATE_DATABASES = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
MY_DATABASES = "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = current_user"

#: A database of ours is named `pytest_<run>_...`, and so is the connection that keeps it alive.
NAME = re.compile(r"^(pytest_[0-9a-f]{12})_")


class DatabaseError(Exception):
    """No databases for tests can be had. The message is one line that says how to mend it."""


class Databases:
    """Makes clones of the template database, and drops them."""

    def __init__(self, server: URL, admin: AsyncConnection, run: str) -> None:
        self._server = server
        self._admin = admin
        self._run = run
        # Two statements at once on one connection would be an error.
        self._lock = asyncio.Lock()
        self._clones: set[str] = set()
        self._numbers = count(1)

    @property
    def template(self) -> str:
        return f"{self._run}_template"

    def url(self, database: str) -> str:
        return self._server.set(database=database).render_as_string(hide_password=False)

    async def clone(self) -> str:
        """Create a database that is a copy of the template, and return its URL."""
        name = f"{self._run}_{os.getpid()}_{next(self._numbers)}"
        await self._execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{self.template}" STRATEGY FILE_COPY'
        )
        self._clones.add(name)
        return self.url(name)

    async def drop(self, url: str) -> None:
        """Drop a clone, whoever is connected to it."""
        name = make_url(url).database
        assert name in self._clones, f"{name} is no clone of this run"
        await self._execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        self._clones.remove(name)

    async def _execute(self, statement: str) -> None:
        async with self._lock:
            await self._admin.execute(text(statement))

    async def _build_template(self, migrate: Callable[[str], None]) -> None:
        names = await self._admin.scalars(text(MY_DATABASES))
        if self.template in names.all():
            return
        # The final name comes last: a migration that was killed leaves no half-made template.
        unfinished = f"{self.template}_unfinished"
        await self._execute(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
        await self._execute(f'CREATE DATABASE "{unfinished}"')
        await asyncio.to_thread(migrate, self.url(unfinished))
        await self._execute(f'ALTER DATABASE "{unfinished}" RENAME TO "{self.template}"')

    async def _drop_clones(self) -> None:
        for name in list(self._clones):
            await self.drop(self.url(name))

    async def _drop_abandoned(self, *, also_mine: bool) -> None:
        """Drop what runs left behind that are over, this one included if it has no other worker."""
        others = await self._admin.scalars(
            text("SELECT application_name FROM pg_stat_activity WHERE pid != pg_backend_pid()")
        )
        alive = set(others.all()) | (set() if also_mine else {self._run})
        names = await self._admin.scalars(text(MY_DATABASES))
        for name in names.all():
            match = NAME.match(name)
            if match and match[1] not in alive:
                await self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@asynccontextmanager
async def open_databases(migrate: Callable[[str], None]) -> AsyncIterator[Databases]:
    """Give the databases of one pytest process, on DATABASE_URL's server or on an embedded one.

    The database that DATABASE_URL names is never written to. The workers of pytest-xdist share
    the server and the template.

    Args:
        migrate: Builds the schema in the database whose URL it is given. Runs in a thread.

    Raises:
        DatabaseError: There is no server, or the role may not create databases.
    """
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid4().hex
    given = os.environ.get("DATABASE_URL")
    if given:
        async with _databases_on(_parse(given), f"pytest_{run[:12]}", migrate) as databases:
            yield databases
        return
    embedded = running_server(share=run)
    try:
        server = await asyncio.to_thread(embedded.__enter__)
    except PostgresUnavailable as error:
        raise DatabaseError(str(error)) from error
    try:
        url = make_url(server.url())
        async with _databases_on(url, f"pytest_{run[:12]}", migrate) as databases:
            yield databases
    finally:
        await asyncio.to_thread(embedded.__exit__, None, None, None)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        raise DatabaseError(
            "DATABASE_URL is no database URL. Write postgresql://USER:PASSWORD@HOST:PORT/NAME, "
            "or unset it to use the embedded PostgreSQL."
        ) from error
    if parsed.get_backend_name() not in {"postgresql", "postgres"}:
        raise DatabaseError(
            f"DATABASE_URL is for {parsed.get_backend_name()}, and the tests need postgresql://. "
            "Unset it to use the embedded PostgreSQL."
        )
    return parsed.set(drivername="postgresql+asyncpg")


@asynccontextmanager
async def _databases_on(
    server: URL, run: str, migrate: Callable[[str], None]
) -> AsyncIterator[Databases]:
    # The name tells other runs that this one is alive.
    engine = create_async_engine(
        server,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"server_settings": {"application_name": run}},
    )
    try:
        admin = await engine.connect()
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(
            f"DATABASE_URL: {server.host}:{server.port or 5432} does not let us in: "
            f"{_reason(error)}. Start that server or mend the URL, "
            "or unset it to use the embedded PostgreSQL."
        ) from error
    async with aclosing(admin):
        if not await admin.scalar(text(MAY_CREATE_DATABASES)):
            raise DatabaseError(
                f"DATABASE_URL: the role {server.username} may not create databases. "
                f"Grant it with ALTER ROLE {server.username} CREATEDB, "
                "or unset DATABASE_URL to use the embedded PostgreSQL."
            )
        databases = Databases(server, admin, run)
        async with _one_at_a_time(admin):
            await databases._drop_abandoned(also_mine=False)
            await databases._build_template(migrate)
        try:
            yield databases
        finally:
            await databases._drop_clones()
            async with _one_at_a_time(admin):
                await databases._drop_abandoned(also_mine=True)


@asynccontextmanager
async def _one_at_a_time(admin: AsyncConnection) -> AsyncIterator[None]:
    await admin.execute(text("SELECT pg_advisory_lock(hashtext('pytest databases'))"))
    try:
        yield
    finally:
        await admin.execute(text("SELECT pg_advisory_unlock(hashtext('pytest databases'))"))


def _reason(error: BaseException) -> str:
    """The server's own words, without SQLAlchemy's wrapping."""
    cause = error.__cause__ if isinstance(error, DBAPIError) else error
    return str(cause or error).strip().splitlines()[0].rstrip(".")
