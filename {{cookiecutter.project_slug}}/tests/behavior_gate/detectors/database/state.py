"""Locks and settings of a session of PostgreSQL that go back to the pool with its connection."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ... import rules
from ...asgi import here, is_lifespan, serving
from ...core import Phase, Request
from ...sql_session import LISTEN, LOCK, session_state
from ...where import Location
from .traffic import Listener, Part, Traffic

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

#: How a state is asked for. A setting is asked for by its name.
_QUESTIONS = {
    LOCK: "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
    LISTEN: "SELECT string_agg(c, ', ' ORDER BY c) FROM pg_listening_channels() AS c",
}


@dataclass(slots=True, eq=False)
class Change:
    """What a request has set for the session of PostgreSQL, and what it was before."""

    request: Request
    where: Location | None
    before: Any


class LeakedState(Part):
    """Compares what a connection's session holds before a request changes it, and afterwards."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        #: By the connection of the driver.
        self._changes: dict[Any, dict[str, Change]] = {}

    def listeners(self) -> list[Listener]:
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool

        return [
            (Engine, "before_cursor_execute", self._executing),
            (Pool, "checkin", self._given_back),
        ]

    def _executing(
        self,
        connection: Connection,
        cursor: Any,
        text: str,
        parameters: Any,
        context: Any,
        executemany: bool,
    ) -> None:
        request = serving()
        if request is None or is_lifespan(request) or connection.dialect.name != "postgresql":
            return
        for name in session_state(text, parameters):
            driver = connection.connection.dbapi_connection
            changes = self._changes.setdefault(driver, {})
            if name not in changes:
                changes[name] = Change(request, here(self.gate), _ask(driver, name))

    def _given_back(self, driver: Any, _: object) -> None:
        for name, change in self._changes.pop(driver, {}).items():
            # A connection that is closed takes its state with it.
            with suppress(Exception):
                now = _ask(driver, name)
                driver.rollback()
                if now != change.before:
                    self._report(name, change, now)

    def end(self, phase: Phase) -> None:
        # What was closed for good has not come back.
        if phase.when == "teardown":
            self._changes.clear()

    def _report(self, name: str, change: Change, now: Any) -> None:
        state = f"`{name}` set to {now!r}"
        if name == LOCK:
            state = "an advisory lock of its session"
        elif name == LISTEN:
            state = f"LISTEN for {now}"
        self.gate.report(
            rules.LEAKED_STATE,
            what=f"{change.request} gave a connection back to the pool with {state}",
            where=change.where,
        )


def _ask(driver: Any, name: str) -> Any:
    """Ask below the engine, whose events the application may listen to."""
    cursor = driver.cursor()
    try:
        quoted = name.replace("'", "''")
        cursor.execute(_QUESTIONS.get(name) or f"SELECT current_setting('{quoted}', true)")
        return cursor.fetchone()[0] or None
    finally:
        cursor.close()
