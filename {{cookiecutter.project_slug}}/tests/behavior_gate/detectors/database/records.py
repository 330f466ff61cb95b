"""What the parts of the family know of a session, a connection, a check-out and a statement."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakSet, ref

from ...core import Request
from ...where import Location

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class Write:
    """The first change of a transaction that has not been committed."""

    what: str
    where: Location | None
    #: Made before the response went out.
    early: bool


@dataclass(slots=True, eq=False)
class Work:
    """A session or connection that a request opened, and what it has yet to commit."""

    request: Request
    opened: Location | None
    #: A test's own dependency opened it, and may close it when the test is over.
    of_test: bool = False
    #: A registry gives it to whatever runs in the same task or thread, as a test does.
    is_scoped: bool = False
    #: A sessionmaker of the tests made it, which the application may use in place of its own.
    is_rebound: bool = False
    closed: bool = False
    #: The exception that was being handled when it was opened, by its id.
    error_before: int = field(default_factory=lambda: id(sys.exception()))
    #: Another one has ended its use, which is a rollback on purpose.
    abandoned: bool = False
    #: A change to objects, from which the next flush will make statements.
    touched: Write | None = None
    #: The first statement that wrote, for the transaction and for each savepoint in it.
    writes: dict[object, Write] = field(default_factory=dict)
    #: What a failed statement has taken back, as PostgreSQL gives up the transaction with it.
    undone: Write | None = None
    #: What a session has begun its transaction on.
    connection: Connection | None = None
    reported: bool = False

    def first_write(self) -> Write | None:
        return next(iter(self.writes.values()), None)

    def settle(self) -> None:
        self.touched = self.undone = None
        self.writes.clear()


@dataclass(slots=True, eq=False)
class Line:
    """A connection, and who is on it."""

    #: None where no request has opened it.
    work: Work | None = None
    #: The sessions that have a transaction on it.
    sessions: WeakSet[Session] = field(default_factory=WeakSet)
    #: The session that asked for it last, which is the one that executes.
    user: ref[Session] | None = None
    #: It is being closed, which rolls back what is left.
    closing: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class CheckOut:
    """A connection that is out of the pool: for which request and task, and from which line."""

    request: Request | None
    task: ref[asyncio.Task[Any]] | None
    where: Location | None
    #: What keeps it out. None outside requests: what a test drops unclosed, SQLAlchemy warns of.
    fairy: Any


@dataclass(frozen=True, slots=True)
class Statement:
    """What a request has executed."""

    request: Request
    connection: Connection
    cursor: Any
    text: str
    parameters: Any
    context: Any
