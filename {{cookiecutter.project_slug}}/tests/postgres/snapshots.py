"""A database as it was at one moment, under its own name again as often as needed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Collection, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
from sqlalchemy import make_url

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from .databases import Databases

#: Clones that are made while the test works on another one.
AHEAD = 2
#: Seconds that a connection may take to end once the server has been told to end it.
END_S = 5.0
#: Seconds that a transaction may still be open before it is taken for one of the test.
PATIENCE_S = 0.5

IN_TRANSACTION = (
    "SELECT pid, query FROM pg_stat_activity"
    " WHERE datname = $1 AND xact_start IS NOT NULL AND backend_type = 'client backend'"
)
END_SESSIONS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = $1 AND ($2::int IS NULL OR pid = $2) AND backend_type = 'client backend'"
)

Result = TypeVar("Result")


class OpenTransactionError(Exception):
    """A transaction would be lost. The message is one line that says how to fix it."""

    def __init__(self, statement: str) -> None:
        super().__init__(
            "A session of the test is still in a transaction, which would be lost. Commit it, or"
            f" roll it back, before. Its last statement is: {' '.join(statement.split())}"
        )


class Snapshot:
    """The database of a test as it was. A test can call it on any event loop.

    Copies are made ahead, and take the name of the database one after the other, so that whoever
    has its URL goes on with the next one. What is connected when the database changes is
    disconnected.
    """

    def __init__(self, databases: Databases, url: str) -> None:
        self._databases = databases
        self.url = url
        name = make_url(url).database
        assert name is not None
        self.name = name
        self._kept = f"{name}_kept"
        self._contexts = AsyncExitStack()
        self._ahead: deque[asyncio.Task[str]] = deque()
        self._makers: asyncio.Queue[Any] = asyncio.Queue()
        self._drops: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()

    async def restore(self) -> None:
        """Replace the database by one that is as it was, and disconnect what is connected."""
        await self._there(self._restore())

    async def disconnect(self, backend: int | None = None) -> None:
        """End the connections to the database, or one of them, and wait until they are gone."""
        await self._there(self._disconnect(backend))

    async def fetch(self, query: str, *arguments: Any) -> list[Any]:
        """Ask the server, on a connection to another database that is open all the time."""
        return await self._there(self._fetch(query, *arguments))

    async def read(self, query: str) -> list[Any]:
        """Read from the database, on a connection that is only made for it."""
        return await self._there(self._read(query))

    async def in_transaction(self) -> set[int]:
        """The processes of the server whose connections to the database are in a transaction."""
        return {pid for pid, _ in await self.fetch(IN_TRANSACTION, self.name)}

    async def check(self, known: Collection[int] = ()) -> None:
        """Check that no other connection to the database is in a transaction than those known.

        Raises:
            OpenTransactionError: One is.
        """
        await self._there(self._check(known))

    def _there(self, work: Coroutine[Any, Any, Result]) -> Awaitable[Result]:
        return self._databases.on_its_loop(work)

    async def _open(self, engine: AsyncEngine) -> None:
        try:
            connections = [await self._connect(engine) for _ in range(AHEAD + 1)]
            self._control, *makers = connections
            for maker in makers:
                self._makers.put_nowait(maker)
            await self._check(())
            await self._move_to(self._kept)
            self._make_ahead()
            await self._take_next()
        except BaseException:
            await self._contexts.aclose()
            raise

    async def _check(self, known: Collection[int]) -> None:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        # What works in the background of the app ends its transactions by itself.
        while statements := [
            statement
            for backend, statement in await self._fetch(IN_TRANSACTION, self.name)
            if backend not in known
        ]:
            if loop.time() - begin > PATIENCE_S:
                raise OpenTransactionError(statements[0])
            await asyncio.sleep(0.01)

    async def _close(self) -> None:
        """Give the first database its name back, and drop the copies."""
        async with self._contexts:
            ahead = await asyncio.gather(*self._ahead, return_exceptions=True)
            old = self._databases.new_name()
            await self._move_to(old)
            await self._rename(self._kept, self.name)
            for name in (old, *(name for name in ahead if isinstance(name, str))):
                self._drop_later(name)
            await asyncio.gather(*self._drops)

    async def _connect(self, engine: AsyncEngine) -> Any:
        connection = await self._contexts.enter_async_context(aclosing(await engine.connect()))
        return (await connection.get_raw_connection()).driver_connection

    async def _fetch(self, query: str, *arguments: Any) -> list[Any]:
        async with self._lock:
            rows: list[Any] = await self._control.fetch(query, *arguments)
            return rows

    async def _read(self, query: str) -> list[Any]:
        connection = await self._databases.connect(self.name)
        try:
            rows: list[Any] = await connection.fetch(query)
            return rows
        finally:
            await connection.close()

    async def _restore(self) -> None:
        old = self._databases.new_name()
        await self._move_to(old)
        self._drop_later(old)
        await self._take_next()

    async def _take_next(self) -> None:
        clone = await self._ahead.popleft()
        self._make_ahead()
        await self._rename(clone, self.name)

    def _make_ahead(self) -> None:
        while len(self._ahead) < AHEAD:
            self._ahead.append(self._start(self._clone()))

    def _start(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        # Not in the context of the test.
        return self._databases.context.run(asyncio.create_task, work)

    async def _clone(self) -> str:
        name = self._databases.new_name()
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._kept}" STRATEGY FILE_COPY')
        return name

    def _drop_later(self, name: str) -> None:
        task = self._start(self._execute(f'DROP DATABASE "{name}" WITH (FORCE)'))
        self._drops.add(task)
        task.add_done_callback(self._drops.discard)

    async def _execute(self, statement: str, *arguments: Any) -> None:
        maker = await self._makers.get()
        try:
            await maker.execute(statement, *arguments)
        finally:
            self._makers.put_nowait(maker)

    async def _move_to(self, name: str) -> None:
        """Give the database another name, although the app may connect to it all the time."""
        await self._disconnect()
        rename = self._start(self._rename(self.name, name))
        # The server keeps new connections waiting meanwhile, and waits for those that came before.
        while not (await asyncio.wait([rename], timeout=0.02))[0]:
            await self._execute(END_SESSIONS, self.name, None)
        await rename

    async def _rename(self, name: str, new: str) -> None:
        await self._fetch(f'ALTER DATABASE "{name}" RENAME TO "{new}"')

    async def _disconnect(self, backend: int | None = None) -> None:
        async with asyncio.timeout(END_S):
            # What works in the background may connect anew.
            while await self._fetch(END_SESSIONS, self.name, backend):
                pass


@asynccontextmanager
async def taken(databases: Databases, engine: AsyncEngine, url: str) -> AsyncIterator[Snapshot]:
    """Take a snapshot of a database. At the end, the database is as it was."""
    snapshot = Snapshot(databases, url)
    try:
        await databases.on_its_loop(snapshot._open(engine))
        try:
            yield snapshot
        finally:
            await databases.on_its_loop(snapshot._close())
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise databases.failure(error) from error
