"""Runs of a call that are interrupted once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import Connection, Dialect, Engine

from .checkouts import Checkouts
from .lines import Lines
from .outcomes import HANGS, Ending, ending_of
from .statements import Statement, Writers, backend_of, one_line, watcher
from .suspensions import GRACE_S, Call, Suspensions

Kind = Literal["cancel", "kill", "commit"]

#: Seconds that a thread may take to give its connection back.
PATIENCE_S = 0.2

NAME = re.compile(r"(cancel|kill|commit)@([1-9]\d*)")
BACKENDS = (
    "SELECT pid, state FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'"
)


@dataclass(frozen=True)
class Interruption:
    """What happens to a call, and when."""

    kind: Kind
    """It is cancelled where it waits, or its connection is ended before a statement, or after a
    COMMIT that the server has carried out, before the answer."""
    number: int
    """At which moment of this kind, from 1."""

    def __str__(self) -> str:
        return f"{self.kind}@{self.number}"


class Server(Protocol):
    """The server of the database, on a connection to another one."""

    name: str

    async def disconnect(self, backend: int | None = None) -> None: ...
    async def fetch(self, query: str, *arguments: Any) -> list[Any]: ...


class Attempt:
    """One run of a call, which is interrupted at most once."""

    def __init__(
        self,
        server: Server,
        lines: Lines,
        interruption: Interruption | None = None,
        lasting: Collection[str] = (),
    ) -> None:
        """Prepare one run.

        Args:
            server: That of the database.
            lines: Knows which lines are those of the app.
            interruption: What happens to the call.
            lasting: The names of tasks and the lines of connections that are known to be left.
        """
        self.loop = asyncio.get_running_loop()
        self.interruption = interruption
        self.ending = HANGS
        self.statements: list[Statement] = []
        #: The engines that it has used.
        self.engines: set[Engine] = set()
        #: The line at which the interruption came, and how many statements had begun.
        self.where = ""
        self.begun = 0
        self.was_interrupted = False
        #: It was cancelled, and went on as if nothing had happened.
        self.swallowed = False
        self.missing: list[str] = []
        self._server = server
        self._lines = lines
        self._commits = 0
        self._writers = Writers()
        self._connections: dict[int, Any] = {}
        cancel_at = self._number_of("cancel")
        self._lasting = lasting
        #: How many statements had begun each time that the call has waited.
        self.begun_at: list[int] = []
        self._suspensions = Suspensions(self._locate, cancel_at=cancel_at, endless=lasting)

    @property
    def name(self) -> str:
        return str(self.interruption or "uninterrupted")

    @property
    def outcomes(self) -> tuple[int | str, ...]:
        return (self.ending.outcome,)

    @property
    def hangs(self) -> bool:
        return self._suspensions.hangs

    @property
    def places(self) -> list[str]:
        """The lines where the call has waited, one for each time."""
        return self._suspensions.places

    @property
    def left(self) -> list[tuple[str, str]]:
        """The tasks that the call has left behind, and the lines where they waited."""
        return self._suspensions.left

    async def run(self, call: Call) -> None:
        """Run the call. Afterwards none of its tasks is running, and no statement of it."""
        checkouts = Checkouts(self._lines)
        token = watcher.set(self)
        try:
            with checkouts.watched():
                task = await self._suspensions.run(lambda: ending_of(call))
                if self._suspensions.was_cancelled:
                    # A thread goes on when its call is cancelled.
                    await _until(self._suspensions.threads_are_done, GRACE_S)
                await _until(
                    lambda: all(line in self._lasting for line in checkouts.missing()), PATIENCE_S
                )
                self.missing = checkouts.missing()
                await checkouts.take_back()
        finally:
            watcher.reset(token)
        await self._settle()
        if self._suspensions.was_cancelled:
            last = self._number_of("cancel") - 1
            self.was_interrupted = True
            self.where, self.begun = self.places[last], self.begun_at[last]
        if self.hangs:
            return
        if task.cancelled():
            self.ending = Ending("CancelledError")
            return
        self.ending = task.result()
        self.swallowed = self._suspensions.was_cancelled and self.ending.error is None

    def noted(
        self, text: str, driver: Any, connection: Connection | None = None
    ) -> Coroutine[Any, Any, None]:
        """Note a statement, and interrupt the call before it, or after it if it is a COMMIT."""
        if connection is not None:
            self.engines.add(connection.engine)
        backend = backend_of(driver)
        if backend is not None:
            self._connections[backend] = driver
        writes = self._writers.writes(text, backend)
        # What a task of SQLAlchemy sends is asked for where the call waits.
        where = self._lines.current(None if connection else driver)
        where = where or self._lines.of(self._suspensions.root.get_coro())
        number = len(self.statements) + 1
        statement = Statement("A", number, one_line(text), where, backend, writes)
        self.statements.append(statement)
        if number == self._number_of("kill"):
            return self._disconnect(statement, driver)
        self._commits += text == "COMMIT"
        if text == "COMMIT" and self._commits == self._number_of("commit"):
            # The one that is sent then fails, as it would if only the answer to it had been lost.
            if connection is None:
                return self._lose_the_answer_of_driver(statement, driver)
            cursor = connection.connection.cursor()
            cursor.execute("COMMIT")
            cursor.close()
            return self._lose_the_answer(statement, connection.dialect, driver)
        return _nothing()

    def deadlocked(self) -> None:
        """Nothing: it is not for one call alone."""

    def _locate(self, coroutine: Any) -> str:
        self.begun_at.append(len(self.statements))
        return self._lines.chain(coroutine)

    async def _disconnect(self, statement: Statement, driver: Any) -> None:
        self.was_interrupted, self.where = True, statement.where
        self.begun = statement.number
        # One that PgBouncer names is not that of the server.
        known = [pid for pid, _ in await self._server.fetch(BACKENDS, self._server.name)]
        await self._server.disconnect(statement.backend if statement.backend in known else None)
        if hasattr(driver, "is_closed"):
            # asyncpg learns of it from the event loop.
            await _until(driver.is_closed, GRACE_S)

    async def _lose_the_answer_of_driver(self, statement: Statement, driver: Any) -> None:
        await driver.execute("COMMIT")
        await self._disconnect(statement, driver)

    async def _lose_the_answer(self, statement: Statement, dialect: Dialect, driver: Any) -> None:
        await self._disconnect(statement, driver)
        if hasattr(driver, "is_closed"):
            return
        # Other drivers would take the COMMIT for done, until they learn of it from a statement.
        with suppress(dialect.loaded_dbapi.Error):
            cursor = driver.cursor()
            if dialect.is_async:
                await cursor.execute("SELECT 1")
            else:
                await asyncio.to_thread(cursor.execute, "SELECT 1")

    async def _settle(self) -> None:
        """Wait until the server has done what the call has asked for before it was interrupted."""
        end = self.loop.time() + GRACE_S
        while self.loop.time() < end:
            if await self._is_settled():
                return
            await asyncio.sleep(0.001)

    async def _is_settled(self) -> bool:
        for pid, state in await self._server.fetch(BACKENDS, self._server.name):
            connection = self._connections.get(pid)
            if connection is not None and _is_closed(connection):
                return False
            if state not in {None, "idle"}:
                return False
        return True

    def _number_of(self, kind: Kind) -> int:
        interruption = self.interruption
        return interruption.number if interruption and interruption.kind == kind else 0


def _is_closed(connection: Any) -> bool:
    # asyncpg has a method, and psycopg an attribute.
    closed = getattr(connection, "is_closed", None)
    return bool(closed() if closed else getattr(connection, "closed", False))


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        if condition():
            return
        await asyncio.sleep(0)


async def _nothing() -> None:
    """Let a statement go on."""
