"""A connection that a request holds while it waits for something that is not the database."""

from __future__ import annotations

import asyncio
import sys
from asyncio import futures, mixins
from collections.abc import Callable
from contextvars import Context
from functools import partial, wraps
from types import CodeType, FrameType
from typing import Any

from ... import rules
from ...awaiting import awaiting, current_task
from ...callers import outwards
from ...core import Request, current_request
from ...on_import import OnImport
from ...patches import Patches
from ...sql_session import LISTEN, LOCK, session_state
from ...where import Location, is_python, library_path
from .records import CheckOut, Statement
from .traffic import Part, Traffic

#: The clients of other servers: module, class, the method that every call goes through, and what
#: it is. A test may put anything in the place of the network below it.
_CLIENTS = (
    ("httpx", "AsyncClient", "send", "an HTTP request of its own"),
    ("httpx2", "AsyncClient", "send", "an HTTP request of its own"),
    ("aiohttp.client", "ClientSession", "_request", "an HTTP request of its own"),
    ("aiosmtplib.smtp", "SMTP", "connect", "a mail server"),
)
_THREADS = "anyio.to_thread"
#: SQLAlchemy, and drivers that one uses without it. What these wait for is the database.
_DATABASE = ("sqlalchemy/", "asyncpg/", "psycopg/", "psycopg_pool/", "aiosqlite/")
_FRAMEWORKS = ("starlette/", "fastapi/", "litestar/")
#: What hands on a function to a thread, and a wait to the loop, and has none of its own.
_HANDS_ON = ("anyio/", "starlette/concurrency.py", "asgiref/")
#: A read or write of a file is a short hop.
_FILES = ("anyio/_core/_fileio.py", "anyio/_core/_tempfile.py", "anyio/streams/file.py")
#: What a function of these does in a thread is one, too.
_FILE_MODULES = ("pathlib", "os", "posix", "posixpath", "genericpath", "shutil", "io", "_io")
#: Seconds that a request may sleep in all with a connection. A test makes such times short.
_SLEEP_S = 0.01


class Held(Part):
    """Looks, where the application begins to wait, for a connection that is out of the pool."""

    def __init__(self, traffic: Traffic) -> None:
        super().__init__(traffic)
        self._clients = OnImport([*(name for name, *_ in _CLIENTS), _THREADS], self._watch_module)
        #: Told when the request is over: one that hangs is another finding.
        self._found: dict[Request, list[tuple[str, Location]]] = {}
        #: The requests whose answers have gone out, and that go on.
        self._answered: set[Request] = set()
        self._sleeps = getattr(futures, "_set_result_unless_cancelled", None)

    def patch(self, patches: Patches) -> None:
        loop = asyncio.BaseEventLoop
        self._patches = patches
        if self._sleeps is None:
            self.gate.lacks("asyncio.futures._set_result_unless_cancelled", "sleeps")
        patches.replace(loop, "call_later", self._call_later)
        patches.replace(loop, "run_in_executor", self._passing("work in a thread or process"))
        patches.replace(loop, "create_connection", self._passing("another server"))
        patches.replace(loop, "subprocess_exec", self._passing("a program", direct=False))
        patches.replace(loop, "subprocess_shell", self._passing("a program", direct=False))
        # Queues, events and locks ask for the loop only when they have to wait.
        waits = self._passing("another task, by a queue, event or lock")
        patches.replace(mixins._LoopBoundMixin, "_get_loop", waits)
        self._clients.install()

    def unpatch(self) -> None:
        self._clients.uninstall()

    def _watch_module(self, module: str) -> None:
        owner = sys.modules[module]
        if module == _THREADS:
            self._patches.replace(owner, "run_sync", self._awaiting("work in a thread"))
        for name, kind, method, what in _CLIENTS:
            if name == module:
                wrap = self._awaiting(what, direct=False)
                self._patches.replace(getattr(owner, kind), method, wrap)

    def _passing(
        self, what: str, *, direct: bool = True
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(original)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                if (
                    current_request.get() is not None
                    and self.traffic.checked_out
                    and not _handles_file(args)
                ):
                    self._begin_wait(what, sys._getframe(1), direct=direct)
                return original(*args, **kwargs)

            return wrapper

        return wrap

    def _awaiting(
        self, what: str, *, direct: bool = True
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
            @wraps(original)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                if (
                    current_request.get() is not None
                    and self.traffic.checked_out
                    and not _handles_file(args)
                ):
                    self._begin_wait(what, sys._getframe(1), direct=direct)
                return await original(*args, **kwargs)

            return wrapper

        return wrap

    def _call_later(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def call_later(loop: Any, delay: float, callback: Any, *args: Any, **kwargs: Any) -> Any:
            if (
                callback is self._sleeps
                and current_request.get() is not None
                and self.traffic.checked_out
            ):
                self._begin_wait("a sleep", sys._getframe(1), direct=False, seconds=delay)
            return original(loop, delay, callback, *args, **kwargs)

        return call_later

    def executed(self, statement: Statement) -> None:
        if session_state(statement.text, statement.parameters) & {LOCK, LISTEN}:
            # What it has of the session is lost with the connection.
            driver = statement.connection.connection.dbapi_connection
            for taken in self.traffic.checked_out.values():
                if taken.fairy is not None and taken.fairy.dbapi_connection is driver:
                    taken.is_kept = True

    def _begin_wait(
        self, what: str, frame: FrameType, *, direct: bool, seconds: float | None = None
    ) -> None:
        """Judge a wait of the running task; a `direct` one only if no library has chosen it."""
        request = current_request.get()
        if request is None or request not in self.gate.open_requests:
            return
        if request in self._answered:
            return
        asks, where = self._asks(frame, _is_librarys if direct else _is_not_asked)
        if not asks:
            return
        for taken in list(self.traffic.checked_out.values()):
            if taken.request is not request or taken.is_kept:
                continue
            holder = taken.task() if taken.task else None
            if holder is None or holder.done():
                continue
            line = where
            if holder is not current_task():
                is_waiting, of_holder = self._waits(holder)
                line = where or of_holder
                if not is_waiting:
                    continue
            if line is not None:
                self._judge(taken, request, what, line, seconds)

    def _asks(
        self, frame: FrameType, stop: Callable[[CodeType], bool]
    ) -> tuple[bool, Location | None]:
        """Whether the application asks for a wait, and its line unless a task is all that runs."""
        for outer in outwards(frame):
            code = outer.f_code
            origin = self.gate.origin(code)
            if origin == "application":
                return True, self.gate.location(code, outer.f_lineno)
            if origin == "test" or (origin == "library" and stop(code)):
                return False, None
        return True, None

    def _waits(self, holder: asyncio.Task[Any]) -> tuple[bool, Location | None]:
        """Whether a task waits for others, and at which line of the application by itself."""
        where = None
        for frame in awaiting(holder.get_coro()):
            code = frame.f_code
            if _is_database(code):
                return False, None
            if self.gate.origin(code) == "application":
                where = self.gate.location(code, frame.f_lineno)
            elif self.gate.origin(code) != "gate" and _is_librarys(code):
                where = None
        return True, where

    def _judge(
        self, taken: CheckOut, request: Request, what: str, where: Location, seconds: float | None
    ) -> None:
        if seconds is not None:
            taken.slept_s += seconds
            if taken.slept_s < _SLEEP_S:
                return
        if where in taken.told:
            return
        taken.told.add(where)
        since = f", taken at {taken.where}," if taken.where else ""
        what = f"{request} held a connection of the pool{since} while it waited for {what}"
        self._found.setdefault(request, []).append((what, where))

    def response_body(self, request: Request, chunk: bytes, more: bool) -> None:
        if not more:
            # What is done in the background is not served to anybody.
            self._answered.add(request)

    def request_ended(self, request: Request, error: BaseException | None) -> None:
        self._answered.discard(request)
        found = self._found.pop(request, [])
        # A wait that was broken off is told of as such.
        if error is None or isinstance(error, Exception):
            for what, where in found:
                self.gate.report(rules.CONNECTION_HELD, what=what, where=where)


def _is_not_asked(code: CodeType) -> bool:
    """Whether the database waits there, or a framework that the application does not call."""
    return _is_database(code) or library_path(code.co_filename).startswith(_FRAMEWORKS)


def _is_database(code: CodeType) -> bool:
    return library_path(code.co_filename).startswith(_DATABASE)


def _handles_file(arguments: tuple[Any, ...]) -> bool:
    """Whether a thread is handed a function that reads, writes or examines a file."""
    function: Any = next(filter(callable, arguments), None)
    while isinstance(function, partial):
        # How `asyncio.to_thread()` hands it on.
        runs = isinstance(getattr(function.func, "__self__", None), Context)
        function = function.args[0] if runs else function.func
    module = getattr(function, "__module__", None)
    if module is None:
        module = type(getattr(function, "__self__", None)).__module__
    return module.partition(".")[0] in _FILE_MODULES


def _is_librarys(code: CodeType) -> bool:
    """Whether a library has its own reasons to wait there."""
    path = library_path(code.co_filename)
    return path in _FILES or not (is_python(code.co_filename) or path.startswith(_HANDS_ON))
