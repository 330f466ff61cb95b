"""The `database` family: its parts, and the events and names of SQLAlchemy that they watch."""

from __future__ import annotations

from ...asgi import subscribe, unsubscribe
from ...core import Detector, Gate, Phase
from ...patches import Patches
from .commits import Commits
from .datetimes import Datetimes
from .held import Held
from .hidden_writes import HiddenWrites
from .injections import Injections
from .lazy_loads import LazyLoads
from .leaks import Leaks
from .lock_waits import LockWaits
from .n_plus_one import N_PLUS_ONE, Repeats
from .sharing import Sharing
from .state import LeakedState
from .swallowed import Swallowed
from .traffic import Listener, Traffic


class DatabaseDetector(Detector):
    """Watches what SQLAlchemy does on behalf of requests, never what a test does by itself."""

    name = "database"
    watches = ("sqlalchemy",)
    options = (N_PLUS_ONE,)

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        traffic = Traffic(gate)
        self._waits = LockWaits(traffic)
        traffic.parts = (
            Sharing(traffic),
            HiddenWrites(traffic),
            Commits(traffic),
            Swallowed(traffic),
            Repeats(traffic),
            Datetimes(traffic),
            LazyLoads(traffic),
            Injections(traffic),
            Leaks(traffic),
            LeakedState(traffic),
            Held(traffic),
            self._waits,
        )
        self._parts = (traffic, *traffic.parts)
        self._patches = Patches(gate, "database")
        self._listeners: list[Listener] = []

    def install(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.exc import InvalidRequestError

        for part in self._parts:
            part.patch(self._patches)
            for listener in part.listeners():
                try:
                    event.listen(*listener)
                except InvalidRequestError:
                    owner, name, _ = listener
                    event_name = f"SQLAlchemy's event {owner.__name__}.{name}"
                    self.gate.lacks(event_name, self.name)
                else:
                    self._listeners.append(listener)
            subscribe(self.gate, part)

    def uninstall(self) -> None:
        from sqlalchemy import event

        for part in self._parts:
            unsubscribe(part)
            part.unpatch()
        self._patches.restore()
        while self._listeners:
            event.remove(*self._listeners.pop())

    def end(self, phase: Phase) -> None:
        for part in self._parts:
            part.end(phase)

    def explain_hang(self) -> list[str]:
        return self._waits.explain_hang()
