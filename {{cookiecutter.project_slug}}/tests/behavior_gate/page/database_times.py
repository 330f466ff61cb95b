"""What requests and tests ask of the database: statements, their time, and connections held."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any
from weakref import WeakKeyDictionary

from ..asgi import Observer, here, subscribe, unsubscribe
from ..core import Gate, Request, current_request, real_time
from ..patches import Patches
from ..sql import shape
from ..where import Location
from .labels import label_of
from .loop_times import LoopTimes

#: The modules of SQLAlchemy through whose `greenlet_spawn` all waits for the database go.
_ASYNC = ("engine", "session", "result")


@dataclass(slots=True)
class Count:
    """How often something was done, and how long it took in all, in seconds."""

    times: int = 0
    took: float = 0.0

    def add(self, took: float) -> None:
        self.times += 1
        self.took += took


@dataclass(slots=True, eq=False)
class Served:
    """A request, by when it began and ended."""

    label: str
    began: float
    ended: float = 0.0
    status: int | None = None
    queries: Count = field(default_factory=Count)


@dataclass(slots=True, eq=False)
class Taken:
    """A connection that was out of the pool, at whose line, and from when on."""

    began: float
    where: Location | None
    served: Served | None
    ended: float = 0.0


@dataclass(slots=True)
class Traffic:
    """What passed in one test."""

    requests: list[Served] = field(default_factory=list)
    #: By their texts without values, for each request, or for the test itself.
    statements: dict[tuple[Served | None, str], Count] = field(default_factory=dict)
    connections: list[Taken] = field(default_factory=list)
    #: What the requests let nobody read: passwords and tokens.
    secrets: set[str] = field(default_factory=set)


class DatabaseTimes(Observer):
    """Records what SQLAlchemy sends, and the requests that it sends it for."""

    def __init__(self, gate: Gate, loops: LoopTimes) -> None:
        self.gate = gate
        self._loops = loops
        self._patches = Patches(gate, "how long the database takes")
        self._listeners: list[tuple[Any, str, Callable[..., None]]] = []
        self._traffic = Traffic()
        self._served: dict[Request, tuple[Served, MutableMapping[str, Any]]] = {}
        #: When the statements that run began, by the id of what executes each.
        self._began: dict[int, float] = {}
        #: By the record that a pool keeps of a connection. What is dropped may warn at once.
        self._out: WeakKeyDictionary[Any, Taken] = WeakKeyDictionary()

    def install(self) -> None:
        subscribe(self.gate, self)
        if find_spec("sqlalchemy") is None:
            return
        from sqlalchemy import event
        from sqlalchemy.engine import Engine
        from sqlalchemy.pool import Pool

        self._listeners = [
            (Engine, "before_cursor_execute", self._begins),
            (Engine, "after_cursor_execute", self._executed),
            (Engine, "handle_error", self._failed),
            (Pool, "checkout", self._take_connection),
            *((Pool, name, self._give_back) for name in ("checkin", "invalidate", "detach")),
        ]
        for listener in self._listeners:
            event.listen(*listener)
        if find_spec("greenlet") is not None:
            for name in _ASYNC:
                module = import_module(f"sqlalchemy.ext.asyncio.{name}")
                self._patches.replace(module, "greenlet_spawn", self._spawn)

    def uninstall(self) -> None:
        self._patches.restore()
        if self._listeners:
            from sqlalchemy import event

            for listener in self._listeners:
                event.remove(*listener)
            self._listeners = []
        unsubscribe(self)

    def take(self) -> Traffic:
        """Hand over what was recorded. Of what goes on, the rest belongs to the next test."""
        now = real_time()
        taken, self._traffic = self._traffic, Traffic()
        for held in list(self._out.values()):
            taken.connections.append(Taken(held.began, held.where, held.served, now))
            held.began = now
        for request, (served, scope) in list(self._served.items()):
            served.ended, served.label = now, label_of(request, scope)
        return taken

    def request_started(self, request: Request, scope: MutableMapping[str, Any]) -> None:
        served = Served("", real_time())
        self._served[request] = served, scope
        self._traffic.requests.append(served)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        served, scope = self._served.pop(request, (None, {}))
        if served is not None:
            served.ended, served.status = real_time(), request.status
            self._traffic.secrets |= request.passwords | request.tokens
            served.label = label_of(request, scope)

    def _serving(self) -> Served | None:
        request = current_request.get()
        return self._served[request][0] if request in self._served else None

    def _begins(self, _: Any, __: Any, ___: str, ____: Any, context: Any, _____: bool) -> None:
        self._began[id(context)] = real_time()

    def _executed(
        self, connection: Any, _: Any, text: str, __: Any, context: Any, ___: bool
    ) -> None:
        began = self._began.pop(id(context), None)
        if began is None:
            return
        took, served = real_time() - began, self._serving()
        if connection.dialect.name in ("mysql", "mariadb"):
            # There a text may stand between these, too.
            text = text.replace('"', "'")
        self._traffic.statements.setdefault((served, shape(text)), Count()).add(took)
        if served is not None:
            served.queries.add(took)

    def _failed(self, context: Any) -> None:
        self._began.pop(id(context.execution_context), None)

    def _take_connection(self, _: Any, record: Any, __: Any) -> None:
        self._out[record] = Taken(real_time(), here(self.gate), self._serving())

    def _give_back(self, _: Any, record: Any, *__: Any) -> None:
        taken = self._out.pop(record, None)
        if taken is not None:
            taken.ended = real_time()
            self._traffic.connections.append(taken)

    def _spawn(self, original: Callable[..., Any]) -> Callable[..., Any]:
        loops = self._loops

        async def greenlet_spawn(*args: Any, **kwargs: Any) -> Any:
            with loops.waiting("database"):
                return await original(*args, **kwargs)

        return greenlet_spawn
