"""The database that each run of an exploration begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from .explored import ExplorationError
from .generations import Generations
from .rows import SEQUENCES
from .statements import watched


class Snapshot(Protocol):
    """A database that can be what it was, as often as needed."""

    name: str

    async def restore(self) -> None: ...
    async def disconnect(self, backend: int | None = None) -> None: ...
    async def in_transaction(self) -> set[int]: ...
    async def check(self, known: Collection[int] = ()) -> None: ...
    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...
    async def read(self, query: str) -> list[Any]: ...


class Databases(Protocol):
    """Where the databases of tests are."""

    def snapshot(self, url: str) -> AbstractAsyncContextManager[Snapshot]: ...


class Place:
    """The database of the test, which is the same at the begin of each run."""

    def __init__(self, snapshot: Snapshot, isolation: Any, generations: Generations) -> None:
        self.snapshot = snapshot
        self._isolation = isolation
        self._generations = generations
        self._is_fresh = True

    async def begin(self, *, ahead: bool = False) -> None:
        """Give the next run the database as the test has filled it.

        Args:
            ahead: With all sequences far ahead.
        """
        if not self._is_fresh:
            await self.snapshot.restore()
            self._generations.begin()
        self._is_fresh = False
        if ahead:
            await self.snapshot.read(SEQUENCES)

    async def ask(self, question: Callable[[], Awaitable[object]]) -> None:
        """Call a function of the test that looks at the database.

        Raises:
            OpenTransactionError: It leaves a session in a transaction.
        """
        of_calls = await self.snapshot.in_transaction()
        try:
            await question()
        finally:
            await self._isolation.before_request()
        await self.snapshot.check(of_calls)


@asynccontextmanager
async def place(
    databases: Databases, isolation: Any, generations: Generations
) -> AsyncIterator[Place]:
    """Take what the test has written for what each run begins with.

    At the end the database is as it was.

    Raises:
        ExplorationError: The test has no database of its own.
        OpenTransactionError: A session of the test is still in a transaction.
    """
    if not isolation.real_commits:
        raise ExplorationError(
            "The test has no database of its own: name the fixture in its arguments, or mark it"
            " @pytest.mark.real_commits."
        )
    await isolation.before_request()
    with watched():
        async with databases.snapshot(isolation.database_url) as snapshot:
            generations.begin()
            yield Place(snapshot, isolation, generations)
        generations.begin()
