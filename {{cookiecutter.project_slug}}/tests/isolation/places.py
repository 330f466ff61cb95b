"""Where each test of a run works: on the one connection, or in a database of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from .database import Isolation, SharedDatabase, committed
from .drivers import RunningApp, may_be_used, other_drivers

#: PgBouncer may use another connection for the next transaction, without what is prepared.
NO_CACHE = {"statement_cache_size": 0, "prepared_statement_cache_size": 0}


class Databases(Protocol):
    """Clones of the database that `migrate` has built."""

    async def clone(self) -> str: ...
    async def drop(self, url: str) -> None: ...
    async def check(self) -> None: ...
    def only_these(self) -> AbstractContextManager[None]: ...


class Places:
    """Gives each test its isolation."""

    def __init__(self, databases: Databases, app_under_test: Any) -> None:
        self._databases = databases
        self._running_app: RunningApp = app_under_test.running_app
        self._session_class = getattr(app_under_test, "session_class", AsyncSession)
        #: Whether each test needs its own database, once that is known.
        self.all_have_real_commits: bool | None = getattr(app_under_test, "real_commits", None)
        self._shared: SharedDatabase | None = None
        #: The drivers of the app that can't use the connection of a test.
        self.other_drivers: set[str] = set()

    async def need_real_commits(self) -> bool:
        """Find out whether each test needs its own database."""
        if self.all_have_real_commits is None:
            if may_be_used():
                url = await self._databases.clone()
                with self._databases.only_these():
                    self.other_drivers = await other_drivers(self._running_app, url)
                await self._databases.drop(url)
            self.all_have_real_commits = bool(self.other_drivers)
        return self.all_have_real_commits

    @asynccontextmanager
    async def isolated(self, *, real_commits: bool) -> AsyncIterator[Isolation]:
        """Give a test its place, and refuse all others."""
        await self._databases.check()
        place = self._own() if real_commits else (await self._one_for_all()).isolated()
        with self._databases.only_these():
            async with place as isolation:
                yield isolation

    @asynccontextmanager
    async def _own(self) -> AsyncIterator[Isolation]:
        database_url = await self._databases.clone()
        engine = create_async_engine(database_url, connect_args=NO_CACHE)
        async with committed(engine, self._session_class) as isolation:
            yield isolation
        await engine.dispose()
        await self._databases.drop(database_url)

    async def _one_for_all(self) -> SharedDatabase:
        if self._shared is None:
            url = await self._databases.clone()
            self._shared = SharedDatabase(url, self._session_class)
        return self._shared
